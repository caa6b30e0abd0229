//! Recorded bodies, and the pauses between them.

use std::time::Duration;

use hyper::body::Bytes;
use serde_json::Value;
use thiserror::Error;

use super::deliver::{Delivered, Sender};
use crate::simulator::world::delivery::DeliveryOptions;

/// Longest pause between two bodies, whatever their times say.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Error for a file that is not a recording.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the file holds neither one JSON document nor one on each line")]
#[non_exhaustive]
pub struct NotRecorded;

/// A recording: bodies of webhooks, byte for byte.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    bodies: Vec<Bytes>,
}

impl Recording {
    /// Creates an empty recording.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the content of a file: one JSON document, or one on each line (JSON lines).
    ///
    /// Each body keeps its bytes, whatever it holds, so that the signature is made over what was
    /// recorded.
    ///
    /// # Errors
    ///
    /// When the file is neither.
    ///
    /// ```
    /// use messenger_crm::simulator::script::replay::Recording;
    ///
    /// let mut recording = Recording::new();
    /// recording.add(b"{\"object\":\"page\",\"entry\":[]}\n{\"object\":\"page\",\"entry\":[]}\n")?;
    /// assert_eq!(recording.bodies().len(), 2);
    /// # Ok::<(), messenger_crm::simulator::script::replay::NotRecorded>(())
    /// ```
    pub fn add(&mut self, file: &[u8]) -> Result<(), NotRecorded> {
        let is_json = |bytes: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
        if is_json(file) {
            self.bodies.push(Bytes::copy_from_slice(file));
            return Ok(());
        }
        let lines = file.split(|byte| *byte == b'\n');
        let lines: Vec<&[u8]> = lines
            .map(<[u8]>::trim_ascii)
            .filter(|line| !line.is_empty())
            .collect();
        if lines.is_empty() || !lines.iter().all(|line| is_json(line)) {
            return Err(NotRecorded);
        }
        let bodies = lines.into_iter().map(Bytes::copy_from_slice);
        self.bodies.extend(bodies);
        Ok(())
    }

    /// Returns the bodies in the order in which they were added.
    #[must_use]
    pub fn bodies(&self) -> &[Bytes] {
        &self.bodies
    }

    /// Posts the bodies with the pauses that their `time` members tell, divided by `speed`, and
    /// returns what became of them. A speed of 0 leaves the pauses out.
    ///
    /// With a speed other than 0 the bodies are posted in the order of the recording, and of the
    /// options `shuffle` and `batch` are not used.
    pub async fn play(
        &self,
        sender: &Sender,
        speed: f64,
        options: &DeliveryOptions,
    ) -> Vec<Delivered> {
        if speed <= 0.0 {
            return sender.deliver(&self.bodies, options).await;
        }
        let mut outcomes = Vec::new();
        let mut last = None;
        for (number, body) in self.bodies.iter().enumerate() {
            let time = time(body);
            let mut options = options.clone();
            options.shuffle = false;
            options.batch = 1;
            options.delay += pause(last, time, speed);
            last = time.or(last);
            let mut posted = sender.deliver(std::slice::from_ref(body), &options).await;
            for outcome in &mut posted {
                outcome.number = number;
            }
            outcomes.extend(posted);
        }
        outcomes
    }
}

/// Time of the first entry in milliseconds since 1970.
fn time(body: &Bytes) -> Option<u64> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let time = body["entry"][0]["time"].as_u64()?;
    // Meta writes seconds here and there.
    Some(if time < 1_000_000_000_000 {
        time * 1000
    } else {
        time
    })
}

fn pause(last: Option<u64>, time: Option<u64>, speed: f64) -> Duration {
    let (Some(last), Some(time)) = (last, time) else {
        return Duration::ZERO;
    };
    let pause = Duration::from_millis(time.saturating_sub(last)).as_secs_f64() / speed;
    Duration::try_from_secs_f64(pause).map_or(LONGEST_PAUSE, |pause| pause.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l4_pauses_are_those_of_the_recording_divided_by_the_speed() {
        let second = Duration::from_secs(1);
        assert_eq!(pause(Some(1000), Some(3000), 2.0), second);
        assert_eq!(pause(Some(3000), Some(1000), 2.0), Duration::ZERO);
        assert_eq!(pause(None, Some(1000), 2.0), Duration::ZERO);
        assert_eq!(pause(Some(0), Some(u64::MAX), 1.0), LONGEST_PAUSE);
        assert_eq!(pause(Some(0), Some(1000), f64::MIN_POSITIVE), LONGEST_PAUSE);
        let body = Bytes::from_static(b"{\"entry\":[{\"time\":1700000000}]}");
        assert_eq!(time(&body), Some(1_700_000_000_000));
    }

    #[test]
    fn l4_a_recording_is_one_document_or_lines_of_them() {
        let mut recording = Recording::new();
        recording.add(b"{\n \"entry\": []\n}").unwrap();
        recording.add(b"{}\r\n\n[1]\n").unwrap();
        assert_eq!(recording.bodies()[0], "{\n \"entry\": []\n}");
        assert_eq!(recording.bodies().len(), 3);
        for file in [&b""[..], b"\n", b"{}\nno", b"\xff"] {
            assert_eq!(recording.add(file), Err(NotRecorded));
        }
    }
}
