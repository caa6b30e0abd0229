//! The bodies that are measured, as Meta writes them: compact, slashes and non-ASCII escaped.

const MID: &str =
    "m_Kp4vQ2TzXn7WcRj0aYbE9dLs3uHfMgBi8oN1xVtPkZ6rDqCwSy5eJlAhGmUO_IF-KpQvTzXnWcRjaYbEdLsuHf";

/// Name, number of events, body.
pub(crate) fn all() -> Vec<(&'static str, usize, String)> {
    let text = message(r#""text":"Do you still have the oolong from the spring harvest? ~""#);
    let escaped = message(
        r#""text":"\u4f60\u597d\uff0c\u6625\u8336\u9084\u6709\u55ce\uff1f \ud83d\ude0a \u8b1d\u8b1d\u4f60\uff01\n\"\u70cf\u9f8d\u8336\" 500g""#,
    );
    let image = r#"{"type":"image","payload":{"url":"https:\/\/scontent.example.net\/v\/t1.15752-9\/448801734_1027345678901234_n.jpg?_nc_cat=104&ccb=1-7&_nc_sid=9f807c&_nc_ohc=Q7vKq0WxUuEA&_nc_ht=scontent.example.net&oh=03_Q7cD1QEr5T2hYk&oe=66B0A1C2"}}"#;
    // Not escaped here, so that what is counted is the attachment and not the decoding.
    let image = image.replace(r"\/", "/");
    let attachment = message(&format!(r#""attachments":[{image}]"#));
    let postback = item(&format!(
        r#""postback":{{"mid":"{MID}","title":"Get Started","payload":"START:FLOW:WELCOME"}}"#
    ));
    let read = item(r#""read":{"watermark":1732456789012}"#);
    let delivery = item(&format!(
        r#""delivery":{{"mids":["{MID}"],"watermark":1732456789012}}"#
    ));
    let unknown =
        item(r#""telepathy":{"thought":"I would like some tea","strength":0.75,"to":["a","b"]}"#);
    let four = [&text, &attachment, &postback, &read]
        .map(String::as_str)
        .join(",");
    vec![
        ("text", 1, body(&[&text])),
        ("escaped text", 1, body(&[&escaped])),
        ("attachment", 1, body(&[&attachment])),
        ("postback", 1, body(&[&postback])),
        ("read", 1, body(&[&read])),
        ("delivery", 1, body(&[&delivery])),
        ("unknown", 1, body(&[&unknown])),
        ("50 entries of 4", 200, body(&[four.as_str(); 50])),
        (
            "1000 texts",
            1000,
            body(&[&vec![text.as_str(); 1000].join(",")]),
        ),
        (
            "1000 reads",
            1000,
            body(&[&vec![read.as_str(); 1000].join(",")]),
        ),
    ]
}

fn body(entries: &[&str]) -> String {
    let entries: Vec<String> = entries
        .iter()
        .map(|items| {
            format!(r#"{{"time":1732456789321,"id":"102934857610293","messaging":[{items}]}}"#)
        })
        .collect();
    format!(r#"{{"object":"page","entry":[{}]}}"#, entries.join(","))
}

fn item(member: &str) -> String {
    format!(
        r#"{{"sender":{{"id":"7654321098765432"}},"recipient":{{"id":"102934857610293"}},"timestamp":1732456789012,{member}}}"#
    )
}

fn message(members: &str) -> String {
    item(&format!(r#""message":{{"mid":"{MID}",{members}}}"#))
}
