//! Files: saved, sent, streamed.

use messenger_crm::graph::send::{
    FileKind, Media, Message, Purpose, SaveAttachment, SendFile, Tag,
};
use messenger_crm::graph::{Body, Error, Upload};
use serde_json::json;

use super::{ask, json_of, line, page, psid};

const SENT: &str = r#"{"recipient_id":"1254477777772919","message_id":"m_AG5Hz2U"}"#;

#[tokio::test]
async fn c26_saving_by_address_and_sending_again() {
    let save = SaveAttachment::from_url(page(), FileKind::Image, "https://a.example/a.png");
    let (asked, saved) = ask(&save, r#"{"attachment_id":"1857777774821032"}"#).await;
    assert_eq!(line(&asked), "POST 1755847768034402/message_attachments");
    assert_eq!(
        json_of(&asked),
        json!({"message": {"attachment": {"type": "image", "payload": {"url": "https://a.example/a.png", "is_reusable": true}}}})
    );
    let id = saved.unwrap().id;
    let again = Message::image(psid(), Media::saved(id)).unwrap();
    let again = serde_json::to_value(again).unwrap();
    assert_eq!(
        again["message"]["attachment"]["payload"],
        json!({"attachment_id": "1857777774821032"})
    );
    let (_, broken) = ask(&save, "{}").await;
    assert!(matches!(broken, Err(Error::Unexpected { .. })));
}

#[tokio::test]
async fn c26_a_file_is_a_form_with_one_file() {
    let file = Upload::from_bytes("a \"b\".png", "image/png", b"12345".to_vec()).unwrap();
    let send = SendFile::new(page(), psid(), FileKind::Image, file)
        .with_purpose(Purpose::Tagged(Tag::HUMAN_AGENT))
        .with_metadata("crm-7")
        .unwrap();
    let (asked, sent) = ask(&send, SENT).await;
    assert!(sent.unwrap().mid.is_some());
    assert_eq!(line(&asked), "POST 1755847768034402/messages");
    let Some(Body::Stream {
        content_type,
        bytes,
        source,
        ..
    }) = asked.body
    else {
        panic!("a stream");
    };
    let boundary = content_type
        .strip_prefix("multipart/form-data; boundary=")
        .unwrap()
        .to_owned();
    assert_eq!(boundary.len(), 32);
    let mut body = Vec::new();
    let mut chunks = source.open();
    while let Some(chunk) = chunks.next().await.unwrap() {
        body.extend(chunk);
    }
    assert_eq!(bytes, body.len() as u64);
    assert_eq!(
        String::from_utf8(body).unwrap(),
        [
            "--B\r\ncontent-disposition: form-data; name=\"recipient\"\r\n\r\n{\"id\":\"1254477777772919\"}\r\n",
            "--B\r\ncontent-disposition: form-data; name=\"messaging_type\"\r\n\r\nMESSAGE_TAG\r\n",
            "--B\r\ncontent-disposition: form-data; name=\"tag\"\r\n\r\nHUMAN_AGENT\r\n",
            "--B\r\ncontent-disposition: form-data; name=\"message\"\r\n\r\n",
            "{\"attachment\":{\"type\":\"image\",\"payload\":{}},\"metadata\":\"crm-7\"}\r\n",
            "--B\r\ncontent-disposition: form-data; name=\"filedata\"; filename=\"a %22b%22.png\"\r\n",
            "content-type: image/png\r\n\r\n12345\r\n--B--\r\n",
        ]
        .concat()
        .replace("--B", &format!("--{boundary}"))
    );
}

#[test]
fn c26_a_file_has_1_byte_to_25_megabytes() {
    struct Nothing;
    impl messenger_crm::graph::Source for Nothing {
        fn open(&self) -> Box<dyn messenger_crm::graph::Chunks> {
            panic!("nobody reads a file that is refused")
        }
    }
    let file = |name: &str, media_type: &str, bytes| Upload::new(name, media_type, bytes, Nothing);
    assert!(file("a", "image/png", 25 * 1024 * 1024).is_ok());
    for (name, media_type, bytes, words) in [
        ("a", "image/png", 0, "the file is empty"),
        (
            "a",
            "image/png",
            26_214_401,
            "the file has 26214401 bytes, at most 26214400 can be sent",
        ),
        (
            " ",
            "image/png",
            1,
            "the file's name is blank or holds a control character",
        ),
        (
            "a\r\nb",
            "image/png",
            1,
            "the file's name is blank or holds a control character",
        ),
        (
            "a",
            "png",
            1,
            "the file's type does not look like image/png",
        ),
        (
            "a",
            "image/png\r\nx: y",
            1,
            "the file's type does not look like image/png",
        ),
    ] {
        assert_eq!(
            file(name, media_type, bytes).unwrap_err().to_string(),
            words
        );
    }
}

#[tokio::test]
async fn c26_a_file_of_another_length_breaks_off() {
    for said in [4, 6] {
        let file = Upload::new("a", "image/png", said, Five).unwrap();
        let (asked, _) = ask(
            &SaveAttachment::from_file(page(), FileKind::Image, file),
            "{}",
        )
        .await;
        let Some(Body::Stream { source, .. }) = asked.body else {
            panic!("a stream");
        };
        let mut chunks = source.open();
        let error = loop {
            match chunks.next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("it ended well"),
                Err(error) => break error,
            }
        };
        let longer = if said == 4 { "longer" } else { "shorter" };
        assert_eq!(
            error.to_string(),
            format!("the file is {longer} than was said")
        );
    }
}

struct Five;

impl messenger_crm::graph::Source for Five {
    fn open(&self) -> Box<dyn messenger_crm::graph::Chunks> {
        Box::new(Once(Some(b"12345".to_vec())))
    }
}

struct Once(Option<Vec<u8>>);

#[async_trait::async_trait]
impl messenger_crm::graph::Chunks for Once {
    async fn next(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        Ok(self.0.take())
    }
}
