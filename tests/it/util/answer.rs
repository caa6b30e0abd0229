//! What was answered.

use serde_json::Value;

use super::contains;

pub(crate) struct Answered {
    pub(crate) status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answered {
    #[track_caller]
    pub(super) fn of(answer: &[u8]) -> Self {
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.expect("the head of an answer");
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        Self {
            status: head[9..12].parse().unwrap(),
            head,
            body: answer[end + 4..].to_vec(),
        }
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        self.expect_one_of(&[status])
    }

    #[track_caller]
    pub(crate) fn expect_one_of(self, statuses: &[u16]) -> Self {
        let (head, text) = (&self.head, String::from_utf8_lossy(&self.body));
        assert!(
            statuses.contains(&self.status),
            "not {statuses:?}: {head}\n\n{text}"
        );
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Whether the head or the body mentions it.
    pub(crate) fn mentions(&self, needle: &str) -> bool {
        self.head.contains(needle) || contains(&self.body, needle.as_bytes())
    }
}
