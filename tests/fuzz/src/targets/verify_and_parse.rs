//! A `POST` is taken for Meta's exactly when it is signed, and nothing in it can do harm.

use messenger_crm::event::Channel;
use messenger_crm::webhook::{ReceiveError, sign};

use super::{SECRET, WEBHOOK};

/// A body; after the last NUL, if there is one, its header.
pub(crate) fn run(input: &[u8]) {
    let mut parts = input.rsplitn(2, |byte| *byte == 0);
    let (body, header) = match (parts.next(), parts.next()) {
        (Some(header), Some(body)) => (body, Some(header)),
        _ => (input, None),
    };
    let right = sign(&SECRET, body);
    let is_right = header.is_some_and(|header| {
        header.starts_with(b"sha256=") && header.eq_ignore_ascii_case(right.as_bytes())
    });
    assert_eq!(WEBHOOK.verify(header, body).is_ok(), is_right);
    assert!(matches!(
        WEBHOOK.receive(Some(right.to_uppercase().as_bytes()), body),
        Err(ReceiveError::Signature(_))
    ));

    let mut one_by_one = Vec::new();
    let ended = match WEBHOOK.events(Some(right.as_bytes()), body) {
        Ok(mut events) => events.try_for_each(|event| {
            one_by_one.push(event?);
            Ok(())
        }),
        Err(ReceiveError::Envelope(error)) => Err(error),
        Err(error) => panic!("{error}"),
    };
    match WEBHOOK.receive(Some(right.as_bytes()), body) {
        Ok(delivery) => {
            assert_eq!(ended, Ok(()));
            assert_eq!(delivery.events, one_by_one);
            for event in &delivery.events {
                let _ = (format!("{event:?}"), event.page(), event.customer());
                // What stands beside the lists of an entry or an envelope is gathered from it.
                if !matches!(event.channel, Channel::Entry | Channel::Envelope) {
                    assert!(
                        body.windows(event.raw().len())
                            .any(|part| part == event.raw().as_bytes())
                    );
                }
            }
        }
        Err(ReceiveError::Envelope(error)) => assert_eq!(ended, Err(error)),
        Err(error) => panic!("{error}"),
    }
}
