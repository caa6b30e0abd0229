//! Retries, deadlines and rate limits. The time is tokio's, paused: no test waits.

use std::time::Duration;

use async_trait::async_trait;
use messenger_crm::graph::send::{MediaKind, MediaSource};
use messenger_crm::graph::{
    Advice, Clock, Error, Graph, ListPage, OutgoingMessage, PageClient, Path, RateClass,
    RateLimits, RetryPolicy, ScriptedClock, TransportErrorKind,
};
use messenger_crm::graph::{Call, send};
use messenger_crm::id::Psid;
use messenger_crm::secret::UserToken;
use messenger_crm::time::Timestamp;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::{Line, Script, access, access_of, any_read, app_access, psid, response, with_header};

const SENT: &str = r#"{"recipient_id":"1","message_id":"m_1"}"#;
const REFUSED: Line = Err(TransportErrorKind::NotSent);
const BROKEN: Line = Err(TransportErrorKind::Unknown);

async fn read(script: &Script) -> Result<(), Error> {
    script.page().call(&any_read()).await
}

async fn send(page: &PageClient) -> Result<(), Error> {
    let message = OutgoingMessage::text(psid(), "Hello").unwrap();
    page.send(&message).await.map(drop)
}

fn ok() -> Line {
    response(200, r#"{"id":"1755847768034402"}"#)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn retries_can_be_turned_off() {
    let script = Script::new([REFUSED, ok()]);
    let graph = script.graph().with_retry(RetryPolicy::never());
    assert!(graph.page(access()).call(&any_read()).await.is_err());
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn c8_a_request_that_never_left_is_repeated_with_growing_delays() {
    let script = Script::new([REFUSED, REFUSED, REFUSED, ok()]);
    read(&script).await.unwrap();
    let times = script.times();
    assert_eq!(times.len(), 4);
    let delays: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (delay, (least, most)) in delays.iter().zip([(250, 501), (500, 1001), (1000, 2001)]) {
        let range = Duration::from_millis(least)..=Duration::from_millis(most);
        assert!(range.contains(delay), "{delays:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn c8_attempts_have_a_maximum() {
    let script = Script::new([REFUSED]);
    let error = read(&script).await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)));
    assert_eq!(script.requests().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn c8_g1_no_attempt_starts_that_cannot_end_before_the_deadline() {
    let script = Script::new([BROKEN]).taking(seconds(12));
    let start = Instant::now();
    let policy = RetryPolicy::default().with_max_attempts(100);
    let page = script.graph().with_retry(policy).page(access());
    assert!(page.call(&any_read()).await.is_err());
    assert!(start.elapsed() <= seconds(30), "{:?}", start.elapsed());
    let requests = script.requests();
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert_eq!(request.timeout, seconds(15), "no attempt is cut short");
    }
}

#[tokio::test(start_paused = true)]
async fn g1_a_send_that_the_rate_limiter_admits_late_has_its_full_timeout() {
    let script = Script::new([response(200, SENT)]);
    // One text in 10 seconds: the second one waits, the third would wait too long.
    let limits = RateLimits::default().with_speeds(1, 10, 2);
    let page = script.graph().with_rate_limits(limits).page(access());
    let mut sends = JoinSet::new();
    for _ in 0..30 {
        let page = page.clone();
        sends.spawn(async move { send(&page).await });
    }
    let mut not_sent = 0;
    while let Some(sent) = sends.join_next().await {
        if let Err(error) = sent.unwrap() {
            assert!(matches!(error, Error::Paused { .. }), "{error:?}");
            assert!(error.was_not_sent());
            assert!(
                error.to_string().ends_with("the call was not sent"),
                "{error}"
            );
            not_sent += 1;
        }
    }
    // Started at 0, 1, … 15 seconds: the last that still ends within the deadline of 30.
    assert_eq!((script.requests().len(), not_sent), (16, 14));
    for request in script.requests() {
        assert_eq!(request.timeout, seconds(15));
    }
}

#[tokio::test(start_paused = true)]
async fn g1_a_send_near_the_deadline_is_not_repeated_with_less_time() {
    let script = Script::new([REFUSED, response(200, SENT)]).taking(seconds(15));
    let error = send(&script.page()).await.unwrap_err();
    assert!(error.was_not_sent(), "{error:?}");
    assert_eq!(script.requests().len(), 1);
    // A video has 90 seconds, whatever the deadline is.
    let script = Script::new([REFUSED, response(200, SENT)]).taking(seconds(10));
    let video = OutgoingMessage::media(
        psid(),
        MediaKind::Image,
        MediaSource::url("https://a.example/a.png"),
    )
    .unwrap();
    script.page().send(&video).await.unwrap();
    for request in script.requests() {
        assert_eq!(request.timeout, seconds(90));
    }
}

#[tokio::test(start_paused = true)]
async fn c9_a_send_of_unknown_outcome_is_never_repeated_and_a_read_is() {
    let unknown: [fn() -> Line; 5] = [
        || BROKEN,
        || response(502, "<html>"),
        || response(504, ""),
        || response(200, "{\"message_id\":\"m_"),
        || response(400, r#"{"error":{"code":1,"error_subcode":1357046}}"#),
    ];
    for (index, line) in unknown.into_iter().enumerate() {
        let script = Script::new([line(), response(200, SENT)]);
        let error = send(&script.page()).await.unwrap_err();
        assert!(error.outcome_is_unknown(), "{index}");
        assert_eq!(script.requests().len(), 1, "{index}");
        let script = Script::new([line(), ok()]);
        // The last one says that a message was sent: no read gets it, and none is repeated.
        assert_eq!(read(&script).await.is_ok(), index < 4, "{index}");
    }
}

#[tokio::test(start_paused = true)]
async fn c8_a_send_that_never_left_is_repeated() {
    let script = Script::new([REFUSED, response(200, SENT)]);
    send(&script.page()).await.unwrap();
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn c10_g5_a_transient_refusal_is_repeated_for_reads_and_for_sends_only_on_request() {
    for body in [
        r#"{"error":{"code":2,"is_transient":true}}"#,
        r#"{"error":{"code":1}}"#,
        r#"{"error":{"code":1200}}"#,
    ] {
        let busy = || response(503, body);
        let script = Script::new([busy(), ok()]);
        read(&script).await.unwrap();
        let script = Script::new([busy(), response(200, SENT)]);
        let error = send(&script.page()).await.unwrap_err();
        assert_eq!(error.advice(), Advice::TryAgain);
        assert!(error.outcome_is_unknown() && !error.was_not_sent());
        assert_eq!(script.requests().len(), 1);

        let script = Script::new([busy(), response(200, SENT)]);
        let policy = RetryPolicy::default().with_retry_transient_sends(true);
        let page = script.graph().with_retry(policy).page(access());
        send(&page).await.unwrap();
        assert_eq!(script.requests().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn c7_a_call_waits_as_long_as_meta_asks() {
    let busy = response(429, r#"{"error":{"code":613}}"#);
    let busy = with_header(busy, "retry-after", "7");
    let script = Script::new([busy, response(200, SENT)]);
    send(&script.page()).await.unwrap();
    let times = script.times();
    assert!(times[1] - times[0] >= seconds(7), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn g7_an_absurd_retry_after_pauses_for_an_hour_at_most() {
    let busy = response(429, r#"{"error":{"code":613}}"#);
    let busy = with_header(busy, "retry-after", "99999999999");
    let script = Script::new([busy, response(200, SENT)]);
    let page = script.page();
    assert!(send(&page).await.is_err());
    sleep(seconds(3590)).await;
    assert!(matches!(send(&page).await, Ok(())), "it waits ten seconds");
    assert!(script.times()[1] >= seconds(3600));
}

#[tokio::test(start_paused = true)]
async fn c7_a_throttled_page_stops_and_its_neighbor_does_not() {
    let script = Script::new([response(400, r#"{"error":{"code":613}}"#)]);
    let graph = script.graph();
    let page = graph.page(access());
    let error = send(&page).await.unwrap_err();
    assert!(matches!(error, Error::Api(_)));
    assert_eq!(script.requests().len(), 1);
    let error = send(&page).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "a rate limit pauses calls for another 60 seconds; the call was not sent"
    );
    assert_eq!(error.advice(), Advice::RateLimited);
    assert_eq!(error.retry_after(), Some(seconds(60)));
    assert!(error.was_not_sent());
    assert_eq!(script.requests().len(), 1, "the Page is left alone");

    let _ = send(&graph.page(access_of("2"))).await;
    assert_eq!(script.requests().len(), 2);
    sleep(seconds(61)).await;
    let _ = send(&page).await;
    assert_eq!(script.requests().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn g2_every_call_of_a_page_stops_with_it() {
    let script = Script::new([response(400, r#"{"error":{"code":80006}}"#)]);
    let page = script.page();
    assert!(page.call(&any_read()).await.is_err());
    let labels: Call<()> = Call::get(Path::node("7").unwrap().edge("custom_labels"), |_| Ok(()));
    let persona: Call<()> = Call::post(Path::me().edge("personas"), |_| Ok(()));
    for call in [labels, persona, any_read()] {
        assert!(matches!(page.call(&call).await, Err(Error::Paused { .. })));
    }
    assert!(matches!(
        page.profile(&psid()).await,
        Err(Error::Paused { .. })
    ));
    assert!(matches!(send(&page).await, Err(Error::Paused { .. })));
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn g3_a_call_of_a_person_runs_at_full_speed() {
    let line = response(200, r#"{"data":[]}"#);
    let line = with_header(line, "x-app-usage", r#"{"call_count":80}"#);
    let script = Script::new([line]);
    let user = script
        .graph()
        .user(&app_access(), &UserToken::new("EAAuser").unwrap());
    user.call(&any_read()).await.unwrap();
    let start = Instant::now();
    user.call(&any_read()).await.unwrap();
    assert_eq!(
        start.elapsed(),
        Duration::ZERO,
        "an idle client does not wait"
    );
    user.call(&any_read()).await.unwrap();
    assert_eq!(
        start.elapsed(),
        Duration::from_millis(200),
        "once 200 ms at 80 percent"
    );
}

#[tokio::test(start_paused = true)]
async fn g4_a_throttle_of_one_persons_notification_stops_nobody_else() {
    for body in [
        r#"{"error":{"code":4,"error_subcode":2018354}}"#,
        r#"{"error":{"code":9,"error_subcode":2018352}}"#,
        r#"{"error":{"code":2300028}}"#,
    ] {
        let script = Script::new([response(400, body), response(200, SENT)]);
        let graph = script.graph();
        let error = send(&graph.page(access())).await.unwrap_err();
        assert_eq!(error.advice(), Advice::RateLimited, "{body}");
        send(&graph.page(access())).await.unwrap();
        send(&graph.page(access_of("2"))).await.unwrap();
    }
}

fn used(percentage: u32) -> Line {
    let body = r#"{"recipient_id":"1","message_id":"m_1","data":[]}"#;
    let usage =
        format!(r#"{{"1755847768034402":[{{"type":"messenger","call_count":{percentage}}}]}}"#);
    with_header(response(200, body), "x-business-use-case-usage", &usage)
}

#[tokio::test(start_paused = true)]
async fn c7_the_usage_is_readable_and_slows_the_page_down() {
    let script = Script::new([used(95)]);
    let page = script.page();
    let ((), found) = page.call(&any_read().with_response()).await.unwrap();
    assert_eq!(found.usage().worst(), Some(95.0));
    for _ in 0..3 {
        page.call(&any_read()).await.unwrap();
    }
    let times = script.times();
    let slow = Duration::from_millis(800);
    assert!(times[3] - times[1] >= slow * 2, "{times:?}");

    let script = Script::new([used(50)]);
    let page = script.page();
    for _ in 0..4 {
        page.call(&any_read()).await.unwrap();
    }
    assert_eq!(script.times()[3], Duration::ZERO);
}

/// Sends `count` numbered messages at once to these people, and returns how long that took.
async fn send_all(graph: &Graph, people: &[Psid], count: usize) -> Duration {
    let start = Instant::now();
    let mut sends = JoinSet::new();
    for number in 0..count {
        let (page, to) = (graph.page(access()), people[number % people.len()].clone());
        sends.spawn(async move {
            let message = OutgoingMessage::text(to, number.to_string()).unwrap();
            page.send(&message).await
        });
    }
    while let Some(sent) = sends.join_next().await {
        sent.unwrap().unwrap();
    }
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn c22_calls_that_are_awaited_in_turn_keep_their_order() {
    let script = Script::new([response(200, SENT)]).taking(Duration::from_millis(50));
    let page = script.page();
    for number in 0..20 {
        let message = OutgoingMessage::text(psid(), number.to_string()).unwrap();
        page.send(&message).await.unwrap();
    }
    let requests = script.requests();
    let texts: Vec<String> = requests
        .iter()
        .map(|request| {
            super::json_of(request)["message"]["text"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(
        texts,
        (0..20).map(|number| number.to_string()).collect::<Vec<_>>()
    );
}

#[tokio::test(start_paused = true)]
async fn c22_a_hundred_people_are_answered_at_once_within_the_limit() {
    let people: Vec<Psid> = (0..100)
        .map(|id| Psid::new(format!("9{id}")).unwrap())
        .collect();
    let script = Script::new([response(200, SENT)]).taking(Duration::from_millis(500));
    let limits = RateLimits::default().with_speeds(50, 10, 2);
    let took = send_all(&script.graph().with_rate_limits(limits), &people, 100).await;
    let times = script.times();
    for (index, time) in times.iter().enumerate() {
        let within = times[index..]
            .iter()
            .take_while(|later| **later - *time < seconds(1));
        assert!(within.count() <= 51, "at {time:?}");
    }
    assert!(
        took < seconds(4),
        "they did not wait for each other: {took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn c22_media_are_sent_at_ten_a_second() {
    let script = Script::new([response(200, SENT)]);
    let page = script.page();
    let image = OutgoingMessage::media(
        psid(),
        MediaKind::Image,
        MediaSource::url("https://a.example/a.png"),
    )
    .unwrap();
    let call = send::message(&image).unwrap();
    assert_eq!(call.parts.rate_class, RateClass::Media);
    for _ in 0..11 {
        page.call(&call).await.unwrap();
    }
    let last = script.times()[10];
    assert!(last >= seconds(1), "{last:?}");
    assert!(last < Duration::from_millis(1100), "{last:?}");
}

#[tokio::test(start_paused = true)]
async fn c21_a_dropped_send_holds_nothing_back() {
    for milliseconds in [0, 10, 60, 300] {
        // The first attempt fails, so the drop hits the attempt, the delay or the attempt after.
        let script = Script::new([REFUSED, response(200, SENT)]).taking(Duration::from_millis(50));
        let page = script.page();
        let dropped = {
            let page = page.clone();
            tokio::spawn(async move { send(&page).await })
        };
        let waiting = {
            let page = page.clone();
            tokio::spawn(async move { send(&page).await })
        };
        sleep(Duration::from_millis(milliseconds)).await;
        dropped.abort();
        let _ = dropped.await;
        waiting.await.unwrap().unwrap();
        send(&page).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn c21_a_send_dropped_while_it_waits_for_the_rate_limiter_sends_nothing() {
    let script = Script::new([response(200, SENT)]);
    let limits = RateLimits::default().with_speeds(1, 10, 2);
    let page = script.graph().with_rate_limits(limits).page(access());
    send(&page).await.unwrap();
    let waiting = {
        let page = page.clone();
        tokio::spawn(async move { send(&page).await })
    };
    sleep(Duration::from_millis(500)).await;
    waiting.abort();
    assert!(waiting.await.is_err());
    send(&page).await.unwrap();
    // Its place in the second stays taken, nothing else.
    assert_eq!(script.times(), [seconds(0), seconds(2)]);
}

fn numbers() -> Call<ListPage<i64>> {
    Call::get(Path::me().edge("numbers"), |response| {
        ListPage::read(response, |object| object.number("n"))
    })
}

fn list(items: &str, after: &str) -> Line {
    let paging = match after {
        "" => String::new(),
        after => format!(
            r#","paging":{{"cursors":{{"after":"{after}"}},"next":"https://graph.facebook.com/x?access_token=EAA"}}"#
        ),
    };
    response(200, &format!(r#"{{"data":[{items}]{paging}}}"#))
}

#[tokio::test(start_paused = true)]
async fn c25_a_walk_reads_all_pages_of_a_list_also_empty_ones() {
    let script = Script::new([
        list(r#"{"n":1},{"n":2}"#, "A"),
        list("", "B"),
        list(r#"{"n":3}"#, ""),
    ]);
    let found = script
        .page()
        .walk(&numbers().with_limit(2), 100)
        .await
        .unwrap();
    assert_eq!((found.items, found.next), (vec![1, 2, 3], None));
    let requests = script.requests();
    let lines: Vec<_> = requests.iter().map(super::line).collect();
    assert_eq!(
        lines,
        [
            "GET 1755847768034402/numbers?limit=2",
            "GET 1755847768034402/numbers?limit=2&after=A",
            "GET 1755847768034402/numbers?limit=2&after=B"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn c25_a_walk_is_bounded_and_says_where_it_stopped() {
    let script = Script::new([
        list(r#"{"n":1},{"n":2}"#, "A"),
        list(r#"{"n":3}"#, "B"),
        list(r#"{"n":4}"#, "C"),
    ]);
    let found = script.page().walk(&numbers(), 3).await.unwrap();
    assert_eq!(found.items, [1, 2, 3]);
    assert_eq!(found.next.unwrap().to_string(), "after=B");
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn g16_a_list_that_leads_to_itself_is_an_error() {
    let script = Script::new([list(r#"{"n":1}"#, "A")]);
    let error = script.page().walk(&numbers(), 100).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "page 2 of the list names itself as the next page"
    );
}

/// A clock whose sleeps last a minute too long, as after a suspended machine wakes up.
#[derive(Debug)]
struct LateClock(ScriptedClock);

#[async_trait]
impl Clock for LateClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn random(&self) -> f64 {
        self.0.random()
    }

    async fn sleep(&self, duration: Duration) {
        self.0.advance(duration + seconds(60));
    }
}

#[tokio::test]
async fn g1_a_send_does_not_start_after_its_deadline() {
    let script = Script::new([REFUSED, response(200, SENT)]);
    let clock = LateClock(ScriptedClock::default());
    let page = Graph::from_parts(script.clone(), clock).page(access());
    let error = send(&page).await.unwrap_err();
    assert!(matches!(error, Error::DeadlinePassed), "{error:?}");
    assert!(error.was_not_sent());
    assert_eq!(script.requests().len(), 1);
}
