//! When a call is made again, and how fast calls go together. Time is tokio's, paused: nothing
//! here waits for real.

use std::time::Duration;

use messenger_crm::graph::page::SubscribedApps;
use messenger_crm::graph::send::{Media, SendMessage};
use messenger_crm::graph::{
    Advice, Error, Graph, Limits, Message, Response, RetryPolicy, TokioClock, TransportErrorKind,
};
use messenger_crm::id::{PageId, Psid};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::{Line, Script, access, answer, page, psid};

const SENT: &str = r#"{"recipient_id":"1","message_id":"m_1"}"#;
const REFUSED: Line = Err(TransportErrorKind::NotSent);
const BROKEN: Line = Err(TransportErrorKind::Unknown);

fn patient(script: &Script) -> Graph {
    script.graph().with_clock(TokioClock::new())
}

async fn read(script: &Script) -> Result<(), Error> {
    patient(script).page(&access()).await.map(drop)
}

async fn send(graph: &Graph) -> Result<(), Error> {
    let message = Message::text(psid(), "Hello").unwrap();
    graph.send(&access(), &page(), &message).await.map(drop)
}

fn ok() -> Line {
    answer(200, r#"{"id":"1755847768034402"}"#)
}

#[tokio::test(start_paused = true)]
async fn without_a_clock_nothing_is_repeated() {
    let script = Script::new([REFUSED, ok()]);
    assert!(script.graph().page(&access()).await.is_err());
    assert_eq!(script.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn c8_what_never_left_is_repeated_with_growing_waits() {
    let script = Script::new([REFUSED, REFUSED, REFUSED, ok()]);
    read(&script).await.unwrap();
    let times = script.times();
    assert_eq!(times.len(), 4);
    let waits: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (wait, (least, most)) in waits.iter().zip([(250, 501), (500, 1001), (1000, 2001)]) {
        let range = Duration::from_millis(least)..=Duration::from_millis(most);
        assert!(range.contains(wait), "{waits:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn c8_attempts_have_a_maximum() {
    let script = Script::new([REFUSED]);
    let error = read(&script).await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)));
    assert_eq!(script.asked().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn c8_one_deadline_is_over_all_attempts_and_waits() {
    let script = Script::new([BROKEN]).taking(Duration::from_secs(12));
    let start = Instant::now();
    let policy = RetryPolicy::default().with_attempts(100);
    let graph = patient(&script).with_retry(policy);
    assert!(graph.page(&access()).await.is_err());
    assert!(
        start.elapsed() <= Duration::from_secs(30),
        "{:?}",
        start.elapsed()
    );
    let asked = script.asked();
    assert_eq!(asked.len(), 3);
    // What is left of the deadline is all that the last attempt may take.
    assert!(
        asked[2].timeout < Duration::from_secs(6),
        "{:?}",
        asked[2].timeout
    );
}

#[tokio::test(start_paused = true)]
async fn c9_a_send_of_unknown_outcome_is_never_repeated_and_a_read_is() {
    let unknown: [fn() -> Line; 5] = [
        || BROKEN,
        || answer(502, "<html>"),
        || answer(504, ""),
        || answer(200, "{\"message_id\":\"m_"),
        || answer(400, r#"{"error":{"code":1,"error_subcode":1357046}}"#),
    ];
    for (index, line) in unknown.into_iter().enumerate() {
        let script = Script::new([line(), answer(200, SENT)]);
        let error = send(&patient(&script)).await.unwrap_err();
        assert!(error.outcome_is_unknown(), "{index}");
        assert_eq!(script.asked().len(), 1, "{index}");
        let script = Script::new([line(), ok()]);
        // The last of them tells that a message was sent: no read gets it, and none is repeated.
        assert_eq!(read(&script).await.is_ok(), index < 4, "{index}");
    }
}

#[tokio::test(start_paused = true)]
async fn c8_a_send_that_never_left_goes_again() {
    let script = Script::new([REFUSED, answer(200, SENT)]);
    send(&patient(&script)).await.unwrap();
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn c10_a_refusal_as_transient_is_repeated_for_reads_and_for_sends_on_request() {
    let busy = || answer(503, r#"{"error":{"code":2,"is_transient":true}}"#);
    let script = Script::new([busy(), ok()]);
    read(&script).await.unwrap();

    let script = Script::new([busy(), answer(200, SENT)]);
    let error = send(&patient(&script)).await.unwrap_err();
    assert_eq!(error.advice(), Advice::TryAgain);
    assert!(error.was_not_sent());
    assert_eq!(script.asked().len(), 1);

    let script = Script::new([busy(), answer(200, SENT)]);
    let policy = RetryPolicy::default().with_transient_sends();
    send(&patient(&script).with_retry(policy)).await.unwrap();
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn c7_retry_after_is_waited_for() {
    let Ok(busy) = answer(429, r#"{"error":{"code":613}}"#) else {
        unreachable!()
    };
    let busy = busy.with_header("Retry-After", "7");
    let script = Script::new([Ok(busy), answer(200, SENT)]);
    send(&patient(&script)).await.unwrap();
    let times = script.times();
    assert!(times[1] - times[0] >= Duration::from_secs(7), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn c7_a_throttled_page_is_left_alone_and_its_neighbour_is_not() {
    let script = Script::new([answer(400, r#"{"error":{"code":613}}"#)]);
    let graph = patient(&script);
    let error = send(&graph).await.unwrap_err();
    assert!(matches!(error, Error::Api(_)));
    assert_eq!(script.asked().len(), 1);
    let error = send(&graph).await.unwrap_err();
    assert_eq!(error.to_string(), "calls are paused for another 60 seconds");
    assert_eq!(error.advice(), Advice::RateLimited);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(60)));
    assert!(error.was_not_sent());
    assert_eq!(script.asked().len(), 1, "really stopped");

    let other = PageId::new("2").unwrap();
    let message = Message::text(psid(), "Hello").unwrap();
    let _ = graph.send(&access(), &other, &message).await;
    assert_eq!(script.asked().len(), 2);
    sleep(Duration::from_secs(61)).await;
    let _ = send(&graph).await;
    assert_eq!(script.asked().len(), 3);
}

fn used(percentage: u32) -> Line {
    let body = r#"{"recipient_id":"1","message_id":"m_1","data":[]}"#;
    answer(200, body).map(|response: Response| {
        let usage =
            format!(r#"{{"1755847768034402":[{{"type":"messenger","call_count":{percentage}}}]}}"#);
        response.with_header("x-business-use-case-usage", usage)
    })
}

#[tokio::test(start_paused = true)]
async fn c7_usage_is_told_and_slows_the_page_down() {
    let script = Script::new([used(95)]);
    let graph = patient(&script);
    let apps = SubscribedApps::new(page());
    let reply = graph.ask(&access(), &apps).await.unwrap();
    assert_eq!(reply.usage.worst(), Some(95.0));
    for _ in 0..3 {
        graph.call(&access(), &apps).await.unwrap();
    }
    let times = script.times();
    let slow = Duration::from_millis(800);
    assert!(times[3] - times[1] >= slow * 2, "{times:?}");

    let script = Script::new([used(50)]);
    let graph = patient(&script);
    for _ in 0..4 {
        graph.call(&access(), &apps).await.unwrap();
    }
    assert_eq!(script.times()[3], Duration::ZERO);
}

/// Sends to these people at once, numbered; returns who got which number, in the order of arrival.
async fn send_all(graph: &Graph, people: &[Psid], count: usize) -> Duration {
    let start = Instant::now();
    let mut sends = JoinSet::new();
    for number in 0..count {
        let (graph, to) = (graph.clone(), people[number % people.len()].clone());
        sends.spawn(async move {
            let message = Message::text(to, number.to_string()).unwrap();
            graph.send(&access(), &page(), &message).await
        });
        // Each is asked for once before the next is: that is the order they are made in.
        tokio::task::yield_now().await;
    }
    while let Some(sent) = sends.join_next().await {
        sent.unwrap().unwrap();
    }
    start.elapsed()
}

fn numbers(script: &Script) -> Vec<(String, usize)> {
    let asked = script.asked();
    let sent = asked.iter().map(|request| {
        let body = super::json_of(request);
        let text = body["message"]["text"].as_str().unwrap();
        let to = body["recipient"]["id"].as_str().unwrap();
        (to.to_owned(), text.parse().unwrap())
    });
    sent.collect()
}

#[tokio::test(start_paused = true)]
async fn c22_a_hundred_sends_to_one_person_keep_their_order() {
    let script = Script::new([answer(200, SENT)]).taking(Duration::from_millis(50));
    let took = send_all(&patient(&script), &[psid()], 100).await;
    let sent: Vec<usize> = numbers(&script)
        .into_iter()
        .map(|(_, number)| number)
        .collect();
    assert_eq!(sent, (0..100).collect::<Vec<_>>());
    // One after the other: each waits for the answer to the one before.
    assert!(took >= Duration::from_millis(50 * 100), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn c22_order_is_kept_without_a_clock_too() {
    let script = Script::new([answer(200, SENT)]).taking(Duration::from_millis(50));
    send_all(&script.graph(), &[psid()], 20).await;
    let sent: Vec<usize> = numbers(&script)
        .into_iter()
        .map(|(_, number)| number)
        .collect();
    assert_eq!(sent, (0..20).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn c22_a_hundred_people_are_answered_at_once_within_the_limit() {
    let people: Vec<Psid> = (0..100)
        .map(|id| Psid::new(format!("9{id}")).unwrap())
        .collect();
    let script = Script::new([answer(200, SENT)]).taking(Duration::from_millis(500));
    let limits = Limits::default().with_speeds(50, 10, 2);
    let took = send_all(&patient(&script).with_limits(limits), &people, 100).await;
    let times = script.times();
    for (index, time) in times.iter().enumerate() {
        let within = times[index..]
            .iter()
            .take_while(|later| **later - *time < Duration::from_secs(1));
        assert!(within.count() <= 51, "at {time:?}");
    }
    assert!(
        took < Duration::from_secs(4),
        "they did not wait for each other: {took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn c22_media_go_at_ten_a_second() {
    let script = Script::new([answer(200, SENT)]);
    let graph = patient(&script);
    let image = Message::image(psid(), Media::url("https://a.example/a.png")).unwrap();
    for _ in 0..11 {
        let page = page();
        graph
            .call(&access(), &SendMessage::new(&page, &image))
            .await
            .unwrap();
    }
    let last = script.times()[10];
    assert!(last >= Duration::from_secs(1), "{last:?}");
    assert!(last < Duration::from_millis(1100), "{last:?}");
}

#[tokio::test(start_paused = true)]
async fn c21_a_send_that_is_dropped_lets_the_next_one_go() {
    for milliseconds in [0, 10, 60, 300] {
        // The first attempt fails, so the drop hits the attempt, the wait or the attempt after.
        let script = Script::new([REFUSED, answer(200, SENT)]).taking(Duration::from_millis(50));
        let graph = patient(&script);
        let dropped = {
            let graph = graph.clone();
            tokio::spawn(async move { send(&graph).await })
        };
        let waiting = {
            let graph = graph.clone();
            tokio::spawn(async move { send(&graph).await })
        };
        sleep(Duration::from_millis(milliseconds)).await;
        dropped.abort();
        let _ = dropped.await;
        waiting.await.unwrap().unwrap();
        send(&graph).await.unwrap();
    }
}
