//! Files: uploaded, saved and sent.

use std::sync::Arc;

use messenger_crm::graph::send::{
    self, MediaKind, MediaSource, MessageTag, NotificationType, OutgoingFile, OutgoingMessage,
    Purpose,
};
use messenger_crm::graph::{Body, Error, Request, Upload, UploadChunks, UploadSource};
use messenger_crm::id::PersonaId;
use serde_json::json;

use super::{ask, json_of, line, psid};

const SENT: &str = r#"{"recipient_id":"1254477777772919","message_id":"m_AG5Hz2U"}"#;

#[track_caller]
fn source_of(request: &Request) -> (Arc<dyn UploadSource>, u64) {
    match request.http.body() {
        Body::Stream { source, bytes } => (source.clone(), *bytes),
        other => panic!("not a stream: {other:?}"),
    }
}

/// Reads a streamed body, with its boundary replaced by `B`.
async fn form_of(request: &Request) -> String {
    let content_type = request.http.headers()["content-type"].to_str().unwrap();
    let boundary = content_type
        .strip_prefix("multipart/form-data; boundary=")
        .unwrap();
    assert_eq!(boundary.len(), 32);
    let (source, bytes) = source_of(request);
    let mut chunks = source.open();
    let mut body = Vec::new();
    while let Some(chunk) = chunks.next().await.unwrap() {
        body.extend(chunk);
    }
    assert_eq!(bytes, body.len() as u64);
    String::from_utf8(body).unwrap().replace(boundary, "B")
}

fn png() -> Upload {
    Upload::from_bytes("a \"b\".png", "image/png", b"12345".to_vec()).unwrap()
}

const PNG_PART: &str = "--B\r\ncontent-disposition: form-data; name=\"filedata\"; \
    filename=\"a %22b%22.png\"\r\ncontent-type: image/png\r\n\r\n12345\r\n--B--\r\n";

#[tokio::test]
async fn c26_a_file_is_saved_by_url_and_sent_by_its_id() {
    let save = send::save_url(MediaKind::Image, "https://a.example/a.png").unwrap();
    let (request, saved) = ask(&save, r#"{"attachment_id":"1857777774821032"}"#).await;
    assert_eq!(line(&request), "POST 1755847768034402/message_attachments");
    assert_eq!(
        json_of(&request),
        json!({"message": {"attachment": {"type": "image", "payload": {"url": "https://a.example/a.png", "is_reusable": true}}}})
    );
    let source = MediaSource::saved(saved.unwrap());
    let message = OutgoingMessage::media(psid(), MediaKind::Image, source).unwrap();
    assert_eq!(
        serde_json::to_value(message).unwrap()["message"]["attachment"]["payload"],
        json!({"attachment_id": "1857777774821032"})
    );
    let (_, broken) = ask(&save, "{}").await;
    assert!(matches!(broken, Err(Error::UnexpectedResponse { .. })));
    let refused = send::save_url(MediaKind::Image, "a.png").unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the URL of the attachment (5 UTF-16 units) must be a URL that begins with https:// or \
         http:// and has no white space"
    );
}

#[tokio::test]
async fn c26_a_file_is_saved_as_a_form() {
    let save = send::save_file(MediaKind::Image, png()).unwrap();
    let (request, _) = ask(&save, r#"{"attachment_id":"1"}"#).await;
    assert_eq!(line(&request), "POST 1755847768034402/message_attachments");
    assert_eq!(
        form_of(&request).await,
        [
            "--B\r\ncontent-disposition: form-data; name=\"message\"\r\n\r\n",
            "{\"attachment\":{\"payload\":{\"is_reusable\":true},\"type\":\"image\"}}\r\n",
            PNG_PART,
        ]
        .concat()
    );
}

#[tokio::test]
async fn c26_a_file_is_sent_as_a_form() {
    let file = OutgoingFile::new(psid(), MediaKind::Image, png())
        .and_then(|file| file.with_purpose(Purpose::Tagged(MessageTag::HUMAN_AGENT)))
        .and_then(|file| file.with_metadata("crm-7"))
        .unwrap()
        .with_notification_type(NotificationType::NoPush)
        .with_persona(PersonaId::new("7").unwrap());
    let (request, sent) = ask(&send::file(&file).unwrap(), SENT).await;
    assert!(sent.unwrap().mid.is_some());
    assert_eq!(line(&request), "POST 1755847768034402/messages");
    assert_eq!(
        form_of(&request).await,
        [
            "--B\r\ncontent-disposition: form-data; name=\"recipient\"\r\n\r\n{\"id\":\"1254477777772919\"}\r\n",
            "--B\r\ncontent-disposition: form-data; name=\"messaging_type\"\r\n\r\nMESSAGE_TAG\r\n",
            "--B\r\ncontent-disposition: form-data; name=\"tag\"\r\n\r\nHUMAN_AGENT\r\n",
            "--B\r\ncontent-disposition: form-data; name=\"notification_type\"\r\n\r\nNO_PUSH\r\n",
            "--B\r\ncontent-disposition: form-data; name=\"persona_id\"\r\n\r\n7\r\n",
            "--B\r\ncontent-disposition: form-data; name=\"message\"\r\n\r\n",
            "{\"attachment\":{\"payload\":{},\"type\":\"image\"},\"metadata\":\"crm-7\"}\r\n",
            PNG_PART,
        ]
        .concat()
    );
}

#[test]
fn c26_a_file_has_1_byte_to_25_mib() {
    struct Unread;
    impl UploadSource for Unread {
        fn open(&self) -> Box<dyn UploadChunks> {
            panic!("a refused file is not read")
        }
    }
    let file = |name: &str, media_type: &str, bytes| Upload::new(name, media_type, bytes, Unread);
    assert!(file("a", "image/png", 25 * 1024 * 1024).is_ok());
    let form = "must be of the form type/subtype, such as image/png";
    for (name, media_type, bytes, words) in [
        (
            "a",
            "image/png",
            0,
            "the file is empty, it needs at least 1 byte".to_owned(),
        ),
        (
            "a",
            "image/png",
            26_214_401,
            "the file has 26214401 bytes, at most 26214400 can be sent".to_owned(),
        ),
        (
            " ",
            "image/png",
            1,
            "the file name (1 bytes) is blank or has a control character".to_owned(),
        ),
        (
            "a\r\nb",
            "image/png",
            1,
            "the file name (4 bytes) is blank or has a control character".to_owned(),
        ),
        ("a", "png", 1, format!("the media type (3 bytes) {form}")),
        (
            "a",
            "image/png\r\nx: y",
            1,
            format!("the media type (15 bytes) {form}"),
        ),
    ] {
        let refused = file(name, media_type, bytes).unwrap_err();
        assert_eq!(refused.to_string(), words);
    }
}

#[tokio::test]
async fn c26_a_file_of_another_length_fails_while_it_is_read() {
    for (bytes, word) in [(4, "longer"), (6, "shorter")] {
        let file = Upload::new("a", "image/png", bytes, FiveBytes).unwrap();
        let save = send::save_file(MediaKind::Image, file).unwrap();
        let (request, _) = ask(&save, "{}").await;
        let mut chunks = source_of(&request).0.open();
        let error = loop {
            match chunks.next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("{bytes} bytes were read without an error"),
                Err(error) => break error,
            }
        };
        assert_eq!(
            error.to_string(),
            format!("the file is {word} than its upload says")
        );
    }
}

struct FiveBytes;

impl UploadSource for FiveBytes {
    fn open(&self) -> Box<dyn UploadChunks> {
        Box::new(Once(Some(b"12345".to_vec())))
    }
}

struct Once(Option<Vec<u8>>);

#[async_trait::async_trait]
impl UploadChunks for Once {
    async fn next(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        Ok(self.0.take())
    }
}
