//! Handlers: each new live message once, in order, with replies that go out once.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use messenger_crm::graph::TokioClock;
use messenger_crm::inbox::{HandlerError, IncomingMessage};
use messenger_crm::model::{Author, WorkKind};

/// A desk whose handler replies, and notes the texts it got.
struct Bot {
    desk: Desk,
    inbox: Inbox,
    seen: Arc<Mutex<Vec<String>>>,
}

/// The inbox of a desk with a clock whose timers do not end at once: a handler has a deadline.
fn timed(desk: &Desk) -> Inbox {
    let graph = Graph::from_parts(desk.script.clone(), TokioClock::new());
    let graph = graph.with_retry(RetryPolicy::never());
    Inbox::new(Arc::new(desk.store.clone()), graph, page_1())
}

impl Bot {
    fn new(fails: impl Fn(&str) -> Result<(), HandlerError> + Send + Sync + 'static) -> Self {
        let desk = Desk::empty();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (notes, fails) = (seen.clone(), Arc::new(fails));
        let handler = move |incoming: IncomingMessage| {
            let (notes, fails) = (notes.clone(), fails.clone());
            async move {
                let text = incoming.message.content.text.clone().unwrap_or_default();
                notes.lock().unwrap().push(text.clone());
                incoming.reply_text(format!("you said {text}")).await?;
                fails(&text)
            }
        };
        let inbox = timed(&desk).on_message("echo", handler);
        Self { desk, inbox, seen }
    }

    async fn receive(&self, event: Value) {
        let body = delivery("1", &[event]);
        let delivery = parse_unverified(&body).unwrap();
        self.inbox
            .receive(&delivery, |_| true, at(10))
            .await
            .unwrap();
    }

    /// Works until nothing is due; every call to Meta succeeds.
    async fn work(&self, when: i64) {
        for number in 0..50 {
            let sent = json!({"message_id": format!("sent {when} {number}"), "name": "Ada"});
            self.desk.script.json(200, sent.to_string());
            match self.inbox.step(at(when), WorkerId::new(7)).await {
                Ok(Step::Idle(_)) => return,
                Ok(_) => {}
                Err(error @ InboxError::Handler { .. }) => println!("{error}"),
                Err(error) => panic!("{error}"),
            }
        }
        panic!("it never comes to an end");
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    fn replies(&self) -> Vec<String> {
        let posts = posts(&self.desk.script).into_iter();
        posts
            .map(|post| {
                let body: Value = serde_json::from_slice(body_of(&post)).unwrap();
                body["message"]["text"].as_str().unwrap().to_owned()
            })
            .collect()
    }
}

#[tokio::test]
async fn r20_each_message_is_handled_once_and_in_order() {
    let bot = Bot::new(|_| Ok(()));
    for (number, text) in ["one", "two", "three"].into_iter().enumerate() {
        let mid = format!("m{number}");
        let event = message(&ada(), &mid, at(1 + number as i64), text);
        bot.receive(event.clone()).await;
        // Meta sends it again.
        bot.receive(event).await;
    }
    bot.work(11).await;
    bot.work(5000).await;
    assert_eq!(bot.seen(), ["one", "two", "three"]);
    assert_eq!(
        bot.replies(),
        ["you said one", "you said two", "you said three"]
    );
    let newest = bot.desk.newest().await;
    assert_eq!(newest.author, Some(Author::program("echo")));
}

#[tokio::test]
async fn r20_i5_f26_a_poison_message_is_tried_again_then_given_up_and_replied_to_once() {
    let bot = Bot::new(|text| match text {
        "poison" => Err("the bot does not know this".into()),
        "panic" => panic!("the bot has a fault"),
        _ => Ok(()),
    });
    bot.receive(message(&ada(), "m1", at(1), "poison")).await;
    bot.receive(message(&ada(), "m2", at(2), "panic")).await;
    bot.receive(message(&ada(), "m3", at(3), "hello")).await;
    bot.receive(message(&contact("1", "bob"), "m4", at(4), "hello, bob"))
        .await;
    bot.work(11).await;
    assert_eq!(
        bot.seen(),
        ["poison", "hello, bob"],
        "the poison holds back its own conversation only"
    );
    for when in 1..100 {
        bot.work(11 + when * 3600).await;
    }
    let count = |text: &str| bot.seen().iter().filter(|seen| *seen == text).count();
    assert_eq!((count("poison"), count("panic")), (12, 12));
    assert_eq!(count("hello"), 1);
    let replies = bot.replies();
    assert_eq!(
        replies
            .iter()
            .filter(|one| *one == "you said poison")
            .count(),
        1
    );
}

#[tokio::test]
async fn n38_history_and_replayed_events_reach_no_handler() {
    let bot = Bot::new(|_| Ok(()));
    // It lies more than a day back.
    let old = Timestamp::from_millis(at(10).as_millis() - 25 * 3_600_000);
    bot.receive(message(&ada(), "m1", old, "hello")).await;
    bot.work(11).await;
    assert!(bot.seen().is_empty());
}

#[tokio::test]
async fn a_message_that_was_unsent_is_not_handled() {
    let bot = Bot::new(|_| Ok(()));
    bot.receive(message(&ada(), "m1", at(1), "hello")).await;
    let unsent = Change::Unsent {
        contact: ada(),
        mid: "m1".parse().unwrap(),
        at: at(2),
    };
    bot.desk.store.apply(&[unsent]).await.unwrap();
    bot.work(11).await;
    assert!(bot.seen().is_empty());
}

/// The first run queued its reply and died before it was settled; the second has other words.
#[tokio::test]
async fn r20_a_second_run_with_other_words_sends_the_first_ones_only() {
    let desk = Desk::empty();
    let runs = Arc::new(AtomicU32::new(0));
    let count = runs.clone();
    let inbox = timed(&desk).on_message("bot", move |incoming: IncomingMessage| {
        let count = count.clone();
        async move {
            let run = count.fetch_add(1, Ordering::Relaxed);
            incoming.reply_text(format!("words {run}")).await?;
            incoming.reply_text(format!("more {run}")).await?;
            if run == 0 {
                Err("it died".into())
            } else {
                Ok(())
            }
        }
    });
    let bot = Bot {
        desk,
        inbox,
        seen: Arc::default(),
    };
    bot.receive(message(&ada(), "m1", at(1), "hello")).await;
    bot.work(11).await;
    bot.work(100).await;
    assert_eq!(runs.load(Ordering::Relaxed), 2);
    assert_eq!(bot.replies(), ["words 0", "more 0"]);
}

#[tokio::test]
async fn without_handlers_nothing_is_stored_for_them() {
    let desk = Desk::empty();
    desk.receive(message(&ada(), "m1", at(1), "hello")).await;
    let query = PendingQuery::new(at(1), [WorkKind::handle("echo")]);
    assert!(desk.store.pending(&query).await.unwrap().is_empty());
}
