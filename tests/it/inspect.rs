//! The example `inspect`, as its users run it.

#![allow(clippy::unwrap_used)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{fs, process};

use messenger_crm::event::Event;
use messenger_crm::secret::AppSecret;
use messenger_crm::webhook::{parse_unverified, sign};

use crate::events::{body, file, fixtures};
use crate::example::binary;

const SECRET: &str = "60efff025951cddde78c8d03de52cc90";

#[test]
fn every_fixture_is_shown_as_it_is_expected() {
    let files: Vec<PathBuf> = fixtures().map(|fixture| file(fixture.name)).collect();
    let shown = Shown::of(&files);
    assert!(shown.is_well, "{}", shown.stderr);
    let mut lines = shown.stdout.lines();
    for (fixture, file) in fixtures().zip(&files) {
        for event in fixture.events {
            let columns: Vec<&str> = lines.next().unwrap().split('\t').collect();
            assert_eq!(columns.len(), 8, "{columns:?}");
            assert_eq!(columns[0], file.to_str().unwrap());
            let line = columns[1..7].join(" ");
            // Older webhooks have a hyphen, and it is shown as it was written.
            assert_eq!(line.replace("y-e", "y_e"), event.line);
            assert!(!columns[7].is_empty());
        }
        if fixture.events.is_empty() {
            let line = format!("{}\t-\tempty\t-\t-\t-\t-\t-", file.display());
            assert_eq!(lines.next(), Some(line.as_str()));
        }
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn a_few_words_tell_what_it_says() {
    for (name, words) in [
        ("message.text", "Do you have oolong?"),
        ("message.quick_reply", "Green PICK_GREEN"),
        ("message.media", "audio video file"),
        ("message.post", "post New harvest"),
        ("message.deleted", "(unsent)"),
        (
            "message.referral.ad",
            "hello ADS OPEN_THREAD spring 6045246247433",
        ),
        ("message_edit", "Do you have green oolong?"),
        ("echo.inbox", "A person wrote this"),
        ("postback", "Get Started GET_STARTED"),
        ("reaction.unreact", "unreact"),
        ("optin.stopped", "notification_messages STOP NOTIFICATIONS"),
        ("order", "Tea pot Cup gift wrap"),
        ("calls.terminate", "terminate Completed"),
        ("inbox_labels", "add VIP"),
        ("change.text", r#""tea@tea.example""#),
        ("delivery", "-"),
        ("unknown.kind", "no member names a known kind"),
    ] {
        let shown = Shown::of(&[file(name)]);
        let line = shown.stdout.trim_end_matches('\n');
        assert_eq!(line.rsplit('\t').next(), Some(words), "{name}");
    }
}

#[test]
fn a_body_comes_on_standard_input_too() {
    let shown = Shown::run(&[], body("message.text").as_bytes());
    assert!(shown.is_well);
    assert_eq!(
        shown.stdout,
        "-\tmessaging\tmessage\t106540001112223\t7104000555666777\t1763990000001\tm_text\tDo you have oolong?\n"
    );
}

#[test]
fn what_the_sender_wrote_cannot_move_the_cursor_or_a_column() {
    let text = r#"a\tb\nc\r\\d\u001b[2Je\u0000f\u007f\u009bg\u202eh"#;
    let event =
        format!(r#"{{"sender":{{"id":"2\t3"}},"message":{{"mid":"m\n1","text":"{text}"}}}}"#);
    let unknown = "{\"tele\\u001bpathy\":\n1}";
    let body =
        format!(r#"{{"object":"page","entry":[{{"id":"1","messaging":[{event},{unknown}]}}]}}"#);
    let shown = Shown::run(&[], body.as_bytes());
    let expected = [
        r"-|messaging|message|1|2\t3|-|m\n1|a\tb\nc\r\\d\u{1b}[2Je\u{0}f\u{7f}\u{9b}g\u{202e}h",
        r"-|messaging|unrecognized:tele\u{1b}pathy|1|-|-|-|no member names a known kind",
    ];
    let expected = expected.map(|line| line.replace('|', "\t") + "\n").concat();
    assert_eq!(shown.stdout, expected);

    let shown = Shown::run(&["--json"], body.as_bytes());
    assert_eq!(shown.stdout.lines().count(), 2, "{}", shown.stdout);
    let is_command = |character: char| character.is_control() || character == '\u{202e}';
    assert!(shown.stdout.lines().all(|line| !line.contains(is_command)));
    assert_same(&shown.stdout, &body);
}

#[test]
fn a_long_text_is_cut_in_the_line_and_whole_in_the_json() {
    let long = "茶".repeat(1_000);
    let event = format!(r#"{{"sender":{{"id":"2"}},"message":{{"mid":"m1","text":"{long}"}}}}"#);
    let body = format!(r#"{{"object":"page","entry":[{{"id":"1","messaging":[{event}]}}]}}"#);
    let shown = Shown::run(&[], body.as_bytes());
    let words = format!("{}…\n", "茶".repeat(100));
    assert_eq!(shown.stdout.rsplit('\t').next(), Some(words.as_str()));
    assert_same(&Shown::run(&["--json"], body.as_bytes()).stdout, &body);
}

#[test]
fn json_is_the_event_as_the_library_writes_it() {
    for fixture in fixtures() {
        let body = body(fixture.name);
        let delivery = parse_unverified(body.as_bytes()).unwrap();
        let written = delivery
            .events
            .iter()
            .map(|event| serde_json::to_string(event).unwrap());
        let written: Vec<String> = written.collect();
        let shown = Shown::run(&["--json"], body.as_bytes());
        assert!(shown.is_well);
        assert_eq!(
            shown.stdout.lines().collect::<Vec<_>>(),
            written,
            "{}",
            fixture.name
        );
    }
}

#[test]
fn what_cannot_be_read_says_where_and_costs_nobody_else() {
    let folder = Folder::new("malformed");
    let broken = folder.file("broken\t.json", b"{\"object\":\"page\",\n\"entry\":[{]}");
    let encoded = folder.file("encoded.json", b"{\"object\":\"\xff\"}");
    let missing = folder.0.join("missing.json");
    let good = file("read");
    let shown = Shown::of(&[broken, encoded.clone(), missing.clone(), good]);
    assert!(!shown.is_well);
    let lines: Vec<&str> = shown.stdout.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(
        lines[0].ends_with(
            "/broken\\t.json\t-\tmalformed\t-\t-\t-\t-\tthe body is not JSON: syntax error at line 2 column 11"
        ),
        "{}",
        lines[0]
    );
    let what = "the body is not UTF-8: invalid byte at offset 11";
    let expected = format!("{}\t-\tmalformed\t-\t-\t-\t-\t{what}", encoded.display());
    assert_eq!(lines[1], expected);
    assert!(lines[2].contains("\tread\t"));
    let missing = format!("inspect: {}: No such file", missing.display());
    assert!(shown.stderr.starts_with(&missing), "{}", shown.stderr);
    assert_eq!(shown.stderr.lines().count(), 1);

    // Among JSON there is no line of another kind.
    let shown = Shown::run(&["--json"], b"[]");
    assert!(!shown.is_well && shown.stdout.is_empty());
    assert_eq!(
        shown.stderr,
        "inspect: -: the body is JSON but not a webhook delivery: an object was expected\n"
    );
}

#[test]
fn a_signature_is_checked_before_anything_is_shown() {
    let body = body("message.text");
    let right = sign(&AppSecret::new(SECRET).unwrap(), body.as_bytes());
    let wrong = sign(&AppSecret::new("another").unwrap(), body.as_bytes());
    let signed = |signature: &str| {
        Shown::run(
            &["--secret-env", "INSPECTED_APP", "--signature", signature],
            body.as_bytes(),
        )
    };
    let shown = signed(&right);
    assert!(shown.is_well, "{}", shown.stderr);
    assert!(shown.stdout.contains("Do you have oolong?"));
    for (signature, error) in [
        (
            wrong.as_str(),
            "inspect: -: the signature does not match any configured app secret\n",
        ),
        (
            "sha256=12",
            "inspect: -: the x-hub-signature-256 header must be sha256= and 64 hexadecimal digits\n",
        ),
    ] {
        let shown = signed(signature);
        assert!(!shown.is_well);
        assert_eq!((shown.stdout.as_str(), shown.stderr.as_str()), ("", error));
    }
}

#[test]
fn a_wrong_command_line_says_so() {
    for (arguments, error) in [
        (&["--yaml"][..], "inspect: invalid option '--yaml'\n"),
        (
            &["--signature", "x"],
            "inspect: --secret-env and --signature must be given together\n",
        ),
        (
            &["--secret-env", "INSPECTED_NOBODY", "--signature", "x"],
            "inspect: INSPECTED_NOBODY: environment variable not found\n",
        ),
    ] {
        let output = Shown::output(arguments, b"");
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), error);
        assert!(output.stdout.is_empty());
    }
}

/// What the program made of it.
struct Shown {
    is_well: bool,
    stdout: String,
    stderr: String,
}

impl Shown {
    fn of(files: &[PathBuf]) -> Self {
        let files: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
        Self::run(&files, b"")
    }

    #[track_caller]
    fn run(arguments: &[&str], body: &[u8]) -> Self {
        let output = Self::output(arguments, body);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{stderr}");
        Self {
            is_well: output.status.success(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr,
        }
    }

    fn output(arguments: &[&str], body: &[u8]) -> Output {
        let mut command = Command::new(binary("inspect"));
        command
            .args(arguments)
            .env("INSPECTED_APP", SECRET)
            .env_remove("INSPECTED_NOBODY");
        let command = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A program that does not want it may have ended before it was written.
        let _ = child.stdin.take().unwrap().write_all(body);
        child.wait_with_output().unwrap()
    }
}

/// Each line, read again, is the event of the body.
#[track_caller]
fn assert_same(lines: &str, body: &str) {
    let delivery = parse_unverified(body.as_bytes()).unwrap();
    assert_eq!(lines.lines().count(), delivery.events.len());
    let says = |event: &Event<'_>| {
        assert!(event.channel == messenger_crm::event::Channel::Messaging);
        (
            event.kind.clone().into_owned(),
            event.sender.clone().map(|id| id.into_owned()),
        )
    };
    for (line, event) in lines.lines().zip(&delivery.events) {
        let read = parse_unverified(line.as_bytes()).unwrap();
        assert_eq!(says(&read.events[0]), says(event));
    }
}

/// A folder of one test, removed with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("inspect-{name}-{}", process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, body: &[u8]) -> PathBuf {
        let file = self.0.join(name);
        fs::write(&file, body).unwrap();
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
