//! Events and metrics of the inbox: the names that hosts rely on, and no personal data.

use std::fmt::{self, Write as _};
use std::sync::Mutex;

use http::Request;
use http_body_util::Full;
use hyper::body::Bytes;
use messenger_crm::webhook::{SIGNATURE_HEADER, sign};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, SharedString, Unit,
};
use tracing::field::{Field, Visit};
use tracing::span;

use super::*;
use messenger_crm::model::WorkKind;

/// Lines of all events and metrics.
#[derive(Clone, Debug, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

struct Line(Lines, String);

impl CounterFn for Line {
    fn increment(&self, by: u64) {
        self.0.add(format!("{} +{by}", self.1));
    }

    fn absolute(&self, value: u64) {
        self.0.add(format!("{} ={value}", self.1));
    }
}

impl GaugeFn for Line {
    fn increment(&self, by: f64) {
        self.0.add(format!("{} +{by}", self.1));
    }

    fn decrement(&self, by: f64) {
        self.0.add(format!("{} -{by}", self.1));
    }

    fn set(&self, value: f64) {
        self.0.add(format!("{} ={value}", self.1));
    }
}

impl Lines {
    fn line(&self, key: &Key) -> Arc<Line> {
        let mut name = key.name().to_owned();
        for label in key.labels() {
            write!(name, " {}={}", label.key(), label.value()).unwrap();
        }
        Arc::new(Line(self.clone(), name))
    }
}

impl metrics::Recorder for Lines {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.line(key))
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.line(key))
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

thread_local! {
    /// Where the events of this thread go.
    static HERE: std::cell::RefCell<Option<Lines>> = const { std::cell::RefCell::new(None) };
    /// Number of spans that this thread is in.
    static DEPTH: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

/// The subscriber of the whole process: one of a thread would miss events that another thread has
/// registered first.
struct OfThread;

impl tracing::Subscriber for OfThread {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("messenger_crm")
    }
    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        let metadata = span.metadata();
        let mut fields = Fields(format!("{} span {}", metadata.target(), metadata.name()));
        span.record(&mut fields);
        HERE.with_borrow(|here| here.iter().for_each(|lines| lines.add(fields.0.clone())));
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields(event.metadata().target().to_owned());
        event.record(&mut fields);
        if DEPTH.get() > 0 {
            fields.0.push_str(" within a span");
        }
        HERE.with_borrow(|here| here.iter().for_each(|lines| lines.add(fields.0.clone())));
    }
    fn enter(&self, _: &span::Id) {
        DEPTH.set(DEPTH.get() + 1);
    }
    fn exit(&self, _: &span::Id) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

#[tokio::test]
async fn i15_events_sends_problems_and_queues_are_reported_without_personal_data() {
    let lines = Lines::default();
    let recorder = lines.clone();
    let _metrics = metrics::set_default_local_recorder(&recorder);
    tracing::subscriber::set_global_default(OfThread).unwrap();
    HERE.set(Some(lines.clone()));
    let secret_words = [
        "CANARY-TEXT",
        "CANARY-NAME",
        "CANARY-PSID",
        "EAAtoken",
        SECRET,
    ];

    let desk = Desk::empty();
    let who = contact("1", "CANARY-PSID");
    desk.receive(message(&who, "m1", at(1), "CANARY-TEXT"))
        .await;
    desk.script.json(200, r#"{"name":"CANARY-NAME","id":"1"}"#);
    assert_eq!(desk.step(1).await, Step::Worked);
    let reply = |number| {
        let text = OutgoingMessage::text(&who.psid, "CANARY-TEXT").unwrap();
        Reply::new(key(number), text)
    };
    desk.inbox.reply(&who.page, reply(1), at(2)).await.unwrap();
    // The workers stand still: the queue is deep and old.
    let later = at(600);
    let health = desk.inbox.health(later).await.unwrap();
    let queue = |kind: &WorkKind| {
        let queue = health.queues.iter().find(|queue| queue.kind == *kind);
        queue.unwrap().depth
    };
    assert_eq!((queue(&WorkKind::SEND), queue(&WorkKind::PROFILE)), (1, 0));
    desk.script
        .json(200, json!({"message_id": "m2"}).to_string());
    desk.step(3).await;
    desk.inbox.reply(&who.page, reply(2), at(4)).await.unwrap();
    refuse(&desk.script, 190, 463);
    desk.step(5).await;

    let body = delivery("1", &[message(&who, "m9", at(6), "CANARY-TEXT")]);
    let signature = sign(&AppSecret::new(SECRET).unwrap(), &body);
    let request = Request::post("/webhook").header(SIGNATURE_HEADER, signature);
    let request = request.body(Full::new(Bytes::from(body))).unwrap();
    let service = service::inbox(desk.store.clone(), page_1()).service();
    assert_eq!(service.respond(request).await.status(), 200);

    let all_lines = lines.all();
    let all = all_lines.join("\n");
    for word in secret_words {
        assert!(!all.contains(word), "{word} was reported:\n{all}");
    }
    for name in [
        "messenger_events_total kind=message applied=new +1",
        "messenger_sends_total outcome=sent +1",
        "messenger_sends_total outcome=not_sent +1",
        "messenger_page_problems_total problem=token_refused +1",
        "messenger_queue_depth kind=send =1",
    ] {
        assert!(
            all_lines.iter().any(|line| line == name),
            "no {name}:\n{all}"
        );
    }
    let events = ["event received", "send attempted", "page problem"];
    for event in events {
        let is_it = |line: &&String| {
            line.starts_with("messenger_crm::inbox")
                && line.contains(event)
                && line.ends_with(" within a span")
        };
        assert!(
            all_lines.iter().any(|line| is_it(&line)),
            "no {event}:\n{all}"
        );
    }
    for span in [
        r#"messenger_crm::inbox span delivery app="271828182845904""#.to_owned(),
        r#"messenger_crm::inbox span work kind="profile" page="1""#.to_owned(),
        r#"messenger_crm::inbox span work kind="send" page="1""#.to_owned(),
    ] {
        assert!(all_lines.contains(&span), "no {span}:\n{all}");
    }
}

#[tokio::test]
async fn i15_f9_the_depth_and_the_age_of_work_that_waits_rise() {
    let desk = Desk::empty();
    let inbox = desk.inbox.clone().on_message("bot", async |_| Ok(()));
    for number in 0..1_200 {
        let body = delivery(
            "1",
            &[message(
                &contact("1", &format!("p{number}")),
                "m",
                at(1),
                "hi",
            )],
        );
        let read = parse_unverified(&body).unwrap();
        inbox.receive(&read, |_| true, at(1)).await.unwrap();
    }
    let health = inbox.health(at(601)).await.unwrap();
    let bot = health
        .queues
        .iter()
        .find(|queue| queue.kind == WorkKind::handle("bot"));
    let bot = bot.unwrap();
    assert_eq!(bot.depth, 1_000, "counted up to a thousand");
    assert_eq!(bot.oldest, Duration::from_secs(600));
}
