//! What other projects sent and got, read where it lies: set `MESSENGER_CORPUS` to its folder.

use std::fs;
use std::path::PathBuf;

use messenger_crm::graph::send::{
    Attachment, Button, Content, DefaultAction, Media, Message, QuickReply, Template, WebUrl,
};
use messenger_crm::graph::{Advice, Error};
use serde_json::Value;

use super::{Script, access, answer};
use crate::corpus::{folder, say};

/// The files of a part of the corpus, where there is one.
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

#[tokio::test]
async fn every_error_of_the_corpus_is_classified_as_expected() {
    // By the numbers, after platform.md 8.3 to 8.5.
    let expected = [
        ("001", Advice::Reauthorize),   // 190/458
        ("002", Advice::Permission),    // no code, but "(#210)"
        ("003", Advice::TryAgain),      // 1 with a subcode that nobody knows
        ("004", Advice::FixRequest),    // 100
        ("005", Advice::TryAgain),      // 1 with a subcode that nobody knows
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
        let script = Script::new([answer(400, &json.to_string())]);
        let error = script.graph().page(&access()).await.unwrap_err();
        assert_eq!(error.advice(), advice, "{name}");
        let Error::Api(api) = error else {
            panic!("{name}");
        };
        let said = &json["error"];
        assert_eq!(api.code, said["code"].as_i64(), "{name}");
        assert_eq!(api.subcode, said["error_subcode"].as_i64(), "{name}");
        assert_eq!(api.message.as_deref(), said["message"].as_str(), "{name}");
        assert_eq!(
            api.user_message.as_deref(),
            said["error_user_msg"].as_str(),
            "{name}"
        );
        assert_eq!(api.trace.as_deref(), said["fbtrace_id"].as_str(), "{name}");
    }
}

/// Requests whose shape Meta no longer takes, and why.
const DEAD: [(&str, &str); 8] = [
    ("001", "the list template is gone since 2019"),
    ("014", "airline templates are gone"),
    ("015", "the address names its lines without underscores"),
    ("017", "one-time notifications are legacy"),
    ("025", "the tag is dead since 2026-04-27"),
    ("029", "airline templates are gone"),
    ("030", "airline templates are gone"),
    ("034", "the location quick reply is gone"),
];

/// What a request says that is no part of it: a token, and members of the author's own.
fn without_strangers(mut json: Value) -> Value {
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

/// `50` and `50.0` are one number.
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
fn every_live_request_of_the_corpus_is_reproduced() {
    let Some(files) = corpus("send-request") else {
        return;
    };
    assert_eq!(files.len(), 35);
    for (name, json) in files {
        let dead = DEAD.iter().any(|(dead, _)| *dead == name);
        let json = without_strangers(json);
        let built = serde_json::from_value::<Message>(json.clone());
        if dead {
            // A dead tag still goes: tags are an open set. Nothing else that is dead comes back whole.
            let is_same = built.is_ok_and(|message| serde_json::to_value(message).unwrap() == json);
            assert_eq!(is_same, name == "025", "{name}");
            continue;
        }
        let message = built.unwrap_or_else(|error| panic!("{name}: {error}"));
        // Once read, it is built anew, piece by piece, by the constructors a host would use.
        let rebuilt = rebuild(&message, &json);
        assert_eq!(
            normal(&serde_json::to_value(&rebuilt).unwrap()),
            normal(&json),
            "{name}"
        );
    }
}

/// The same message through the public constructors.
fn rebuild(message: &Message, json: &Value) -> Message {
    let content = match message.content() {
        Content::Text(text) => Content::Text(text.clone()),
        Content::Attachment(attachment) => Content::Attachment(match attachment {
            Attachment::Image(media) => Attachment::Image(medium(media)),
            Attachment::Audio(media) => Attachment::Audio(medium(media)),
            Attachment::Video(media) => Attachment::Video(medium(media)),
            Attachment::File(media) => Attachment::File(medium(media)),
            Attachment::Template(template) => Attachment::Template(Box::new(rebuilt(template))),
            other => panic!("{other:?}"),
        }),
        other => panic!("{other:?}"),
    };
    let mut built = Message::new(message.to().clone(), content)
        .and_then(|built| built.with_purpose(message.purpose().clone()))
        .unwrap();
    if let Some(metadata) = message.metadata() {
        built = built.with_metadata(metadata).unwrap();
    }
    if let Ok(push) = serde_json::from_value(json["notification_type"].clone()) {
        built = built.with_push(push);
    }
    let replies = &json["message"]["quick_replies"];
    if let Ok(replies) = serde_json::from_value::<Vec<QuickReply>>(replies.clone()) {
        built = built.with_quick_replies(replies).unwrap();
    }
    built
}

fn medium(media: &Media) -> Media {
    let built = match (&media.url, &media.attachment_id) {
        (Some(url), None) => Media::url(url.clone()),
        (None, Some(id)) => Media::saved(id.clone()),
        _ => panic!("neither or both"),
    };
    match media.is_reusable {
        Some(true) => built.reusable(),
        _ => built,
    }
}

fn rebuilt(template: &Template) -> Template {
    match template {
        Template::Button(template) => {
            let buttons = template.buttons.iter().map(button).collect();
            Template::buttons(template.text.clone(), buttons)
        }
        Template::Generic(generic) => {
            let elements = generic.elements.iter().map(|element| {
                let mut built = messenger_crm::graph::send::Element::new(element.title.clone())
                    .with_buttons(element.buttons.iter().map(button).collect());
                built.subtitle.clone_from(&element.subtitle);
                built.image_url.clone_from(&element.image_url);
                if let Some(DefaultAction::WebUrl(action)) = &element.default_action {
                    built = built.with_default_action(link(action));
                }
                built
            });
            let mut built = messenger_crm::graph::send::Generic::new(elements.collect());
            built
                .image_aspect_ratio
                .clone_from(&generic.image_aspect_ratio);
            built.into()
        }
        Template::Receipt(receipt) => receipt.clone().into(),
        other => panic!("{other:?}"),
    }
}

fn button(button: &Button) -> Button {
    match button {
        Button::WebUrl(found) => Button::WebUrl(link(found)),
        Button::Postback { title, payload } => Button::postback(title, payload),
        Button::PhoneNumber { title, payload } => Button::phone_number(title, payload),
        other => panic!("{other:?}"),
    }
}

fn link(found: &WebUrl) -> WebUrl {
    let mut built = WebUrl::new(found.url.clone());
    if let Some(title) = &found.title {
        built = built.with_title(title);
    }
    if let Some(ratio) = &found.webview_height_ratio {
        built = built.with_height(ratio);
    }
    if found.messenger_extensions == Some(true) {
        built = built.with_extensions(found.fallback_url.clone());
    }
    if found.webview_share_button.is_some() {
        built = built.without_sharing();
    }
    built
}
