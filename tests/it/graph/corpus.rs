//! Recorded errors and requests of other projects, read from the folder named by
//! `MESSENGER_CORPUS`.

use std::fs;
use std::path::PathBuf;

use messenger_crm::graph::send::{
    GenericElement, GenericTemplate, MediaSource, OutgoingContent, OutgoingMessage, Template,
    TemplateButton, WebUrl,
};
use messenger_crm::graph::{Advice, Error, Response};
use serde_json::Value;

use crate::corpus::{folder, say};

/// Reads the files of a part of the corpus, or returns `None` without a corpus.
fn corpus(part: &str) -> Option<Vec<(String, Value)>> {
    let folder = folder()?.join(part);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let read = files.into_iter().map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let json = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        (name, json)
    });
    let read: Vec<(String, Value)> = read.collect();
    say(&format!(
        "MESSENGER_CORPUS: {} files of {part} were read",
        read.len()
    ));
    Some(read)
}

#[test]
fn every_recorded_error_has_the_expected_advice() {
    // platform.md 8.3 to 8.5
    let expected = [
        ("001", Advice::Reauthorize),   // 190/458
        ("002", Advice::Permission),    // no code, but "(#210)"
        ("003", Advice::TryAgain),      // 1 with an undocumented subcode
        ("004", Advice::FixRequest),    // 100
        ("005", Advice::TryAgain),      // 1 with an undocumented subcode
        ("006", Advice::FixRequest),    // 100/33
        ("007", Advice::RateLimited),   // no code, but "(#613)"
        ("008", Advice::Reauthorize),   // 190
        ("009", Advice::FixRequest),    // 100
        ("010", Advice::Unknown),       // no code: not an error of Meta's
        ("011", Advice::OutsideWindow), // 10/2018065
        ("012", Advice::Unreachable),   // 200/1545041
        ("013", Advice::Unreachable),   // 100/2018001
        ("014", Advice::RateLimited),   // 613
        ("015", Advice::FixRequest),    // 10303
        ("016", Advice::Reauthorize),   // 190
    ];
    let Some(files) = corpus("graph-error") else {
        return;
    };
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, expected.map(|(name, _)| name));
    for ((name, json), (_, advice)) in files.iter().zip(expected) {
        let response = http::Response::builder().status(400);
        let response = response.body(json.to_string().into_bytes()).unwrap();
        let error = Response::from_http(&response).unwrap_err();
        assert_eq!(error.advice(), advice, "{name}");
        let Error::Api(api) = error else {
            panic!("{name}");
        };
        let recorded = &json["error"];
        assert_eq!(api.code, recorded["code"].as_i64(), "{name}");
        assert_eq!(api.subcode, recorded["error_subcode"].as_i64(), "{name}");
        for (read, member) in [
            (&api.message, "message"),
            (&api.user_message, "error_user_msg"),
            (&api.trace, "fbtrace_id"),
        ] {
            assert_eq!(
                read.as_deref(),
                recorded[member].as_str(),
                "{name} {member}"
            );
        }
    }
}

/// Requests that Meta no longer accepts, and why.
const DEAD: [(&str, &str); 8] = [
    ("001", "Meta removed the list template in 2019"),
    ("014", "Meta removed the airline templates"),
    ("015", "the members of the address have no underscores"),
    ("017", "Meta closed one-time notifications"),
    ("025", "Meta refuses the tag since 2026-04-27"),
    ("029", "Meta removed the airline templates"),
    ("030", "Meta removed the airline templates"),
    ("034", "Meta removed the location quick reply"),
];

/// Removes what is not part of the request: a token, and members of the author's own.
fn without_own_members(mut json: Value) -> Value {
    let top = json.as_object_mut().unwrap();
    top.remove("access_token");
    top.remove("custom");
    let replies = json["message"].get_mut("quick_replies");
    for reply in replies.and_then(Value::as_array_mut).into_iter().flatten() {
        let reply = reply.as_object_mut().unwrap();
        reply.remove("foo");
        reply.retain(|_, value| !value.is_null());
    }
    json
}

/// Makes `50` and `50.0` equal.
fn normal(json: &Value) -> Value {
    match json {
        Value::Number(number) => Value::from(number.as_f64().unwrap()),
        Value::Array(list) => list.iter().map(normal).collect(),
        Value::Object(members) => {
            let members = members.iter();
            Value::Object(
                members
                    .map(|(name, value)| (name.clone(), normal(value)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

#[test]
fn every_live_request_can_be_built() {
    let Some(files) = corpus("send-request") else {
        return;
    };
    assert_eq!(files.len(), 35);
    let mut live = 0;
    for (name, json) in files {
        let json = without_own_members(json);
        let read = serde_json::from_value::<OutgoingMessage>(json.clone());
        if let Some((_, reason)) = DEAD.iter().find(|(dead, _)| *dead == name) {
            // Tags are an open set, so a dead one is written. Nothing else that is dead is.
            let is_same = read.is_ok_and(|message| serde_json::to_value(message).unwrap() == json);
            assert_eq!(is_same, name == "025", "{name}: {reason}");
            continue;
        }
        let message = read.unwrap_or_else(|error| panic!("{name}: {error}"));
        let built = rebuild(&message);
        assert_eq!(
            normal(&serde_json::to_value(&built).unwrap()),
            normal(&json),
            "{name}"
        );
        live += 1;
    }
    assert_eq!(live, 27);
}

/// Builds the same message with the constructors that a host uses.
fn rebuild(message: &OutgoingMessage) -> OutgoingMessage {
    let to = message.to().clone();
    let built = match message.content() {
        OutgoingContent::Text(text) => OutgoingMessage::text(to, text),
        OutgoingContent::Media { kind, source } => {
            OutgoingMessage::media(to, *kind, rebuild_source(source))
        }
        OutgoingContent::Template(template) => {
            OutgoingMessage::template(to, rebuild_template(template))
        }
        other => panic!("{other:?}"),
    };
    let mut built = built
        .and_then(|built| built.with_purpose(message.purpose().clone()))
        .and_then(|built| built.with_quick_replies(message.quick_replies().to_vec()))
        .unwrap();
    if let Some(metadata) = message.metadata() {
        built = built.with_metadata(metadata).unwrap();
    }
    if let Some(notification_type) = message.notification_type() {
        built = built.with_notification_type(notification_type);
    }
    built
}

fn rebuild_source(source: &MediaSource) -> MediaSource {
    match source {
        MediaSource::Url {
            url,
            is_reusable: true,
        } => MediaSource::reusable_url(url),
        MediaSource::Url { url, .. } => MediaSource::url(url),
        MediaSource::Saved(id) => MediaSource::saved(id.clone()),
        other => panic!("{other:?}"),
    }
}

fn rebuild_template(template: &Template) -> Template {
    match template {
        Template::Button { text, buttons } => {
            Template::buttons(text, buttons.iter().map(rebuild_button).collect())
        }
        Template::Generic(generic) => {
            let mut built =
                GenericTemplate::new(generic.elements.iter().map(rebuild_element).collect());
            built
                .image_aspect_ratio
                .clone_from(&generic.image_aspect_ratio);
            built.into()
        }
        Template::Receipt(receipt) => receipt.clone().into(),
        other => panic!("{other:?}"),
    }
}

fn rebuild_element(element: &GenericElement) -> GenericElement {
    let mut built = GenericElement::new(&element.title)
        .with_buttons(element.buttons.iter().map(rebuild_button).collect());
    built.subtitle.clone_from(&element.subtitle);
    built.image_url.clone_from(&element.image_url);
    if let Some(link) = &element.default_action {
        built = built.with_default_action(rebuild_link(link));
    }
    built
}

fn rebuild_button(button: &TemplateButton) -> TemplateButton {
    match button {
        TemplateButton::WebUrl(link) => TemplateButton::WebUrl(rebuild_link(link)),
        TemplateButton::Postback { title, payload } => TemplateButton::postback(title, payload),
        TemplateButton::PhoneNumber { title, number } => {
            TemplateButton::phone_number(title, number)
        }
        other => panic!("{other:?}"),
    }
}

fn rebuild_link(link: &WebUrl) -> WebUrl {
    let mut built = WebUrl::new(&link.url);
    if let Some(title) = &link.title {
        built = built.with_title(title);
    }
    if let Some(ratio) = &link.webview_height_ratio {
        built = built.with_height(ratio);
    }
    if link.messenger_extensions == Some(true) {
        built = built.with_extensions(link.fallback_url.clone());
    }
    if link.webview_share_button.is_some() {
        built = built.without_sharing();
    }
    built
}
