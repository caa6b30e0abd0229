//! Where it listens, and the handshake.

use super::*;

#[tokio::test]
async fn other_than_loopback_addresses_are_refused() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let error = Simulator::start(address.parse().unwrap())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput, "{address}");
    }
}

#[tokio::test]
async fn shutdown_closes_idle_connections_and_frees_the_port() {
    let mut callback = Callback::answering(|_: &str| 500).await;
    let simulator = connected(&callback).await;
    simulator.write(YIJUN, "never taken").unwrap();
    callback.next().await;
    let address: SocketAddr = simulator.url().replace("http://", "").parse().unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    timeout(SOON, simulator.shutdown()).await.unwrap();
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap_or(0), 0);
    TcpListener::bind(address).await.unwrap();
    // What had left before the end may still arrive.
    tokio::time::sleep(Duration::from_millis(200)).await;
    while callback.calls.try_recv().is_ok() {}
    tokio::time::sleep(Duration::from_millis(500)).await;
    callback.silence().await;
}

#[tokio::test]
async fn credentials_are_fresh_at_each_start_but_ids_are_not() {
    let (one, other) = (start().await, start().await);
    assert_eq!(one.app().app_id, other.app().app_id);
    assert_eq!(one.app().page_id, PAGE);
    assert_ne!(one.app().app_secret, other.app().app_secret);
    assert_ne!(one.app().page_token, other.app().page_token);
    assert_eq!(one.app().app_secret.len(), 32);
    assert!(one.app().page_token.starts_with("EAA"));
    let shown = format!("{one:?}");
    assert!(!shown.contains(&one.app().app_secret) && !shown.contains(&one.app().page_token));
}

#[tokio::test]
async fn only_200_and_exactly_the_challenge_is_a_handshake() {
    let callback = Callback::start().await;
    let simulator = start().await;
    simulator.subscribe(&callback.url, "right").await.unwrap();
    let wrong = "callback answered the handshake with 200, but not with exactly the challenge";
    for (token, words) in [
        ("padded", wrong),
        ("cut", wrong),
        ("constant", wrong),
        (
            "created",
            "callback answered the handshake with HTTP status 201, not 200",
        ),
        (
            "other",
            "callback answered the handshake with HTTP status 403, not 200",
        ),
        (" ", "verify token is blank"),
    ] {
        let error = simulator.subscribe(&callback.url, token).await.unwrap_err();
        assert_eq!(error.to_string(), words, "{token}");
    }
}

#[tokio::test]
async fn a_callback_that_cannot_be_called_says_why_without_the_token() {
    let simulator = start().await;
    for url in ["", "webhook", "file:///etc/passwd"] {
        let error = simulator.subscribe(url, "right").await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "callback url is not an absolute http address: the simulator does not speak TLS"
        );
    }
    let gone = Callback::start().await;
    let url = gone.url.clone();
    gone.stop().await;
    let error = simulator.subscribe(&url, "very-secret").await.unwrap_err();
    assert_eq!(error.to_string(), "callback cannot be reached");
    assert!(!format!("{error:?}").contains("very-secret"), "{error:?}");
}

#[tokio::test]
async fn a_failed_handshake_keeps_the_callback_there_was() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    simulator
        .subscribe(&callback.url, "padded")
        .await
        .unwrap_err();
    let mid = simulator.write(YIJUN, "still here").unwrap();
    assert_eq!(callback.next().await.item()["message"]["mid"], *mid);
}

#[tokio::test]
async fn before_the_handshake_nobody_is_told() {
    let mut callback = Callback::start().await;
    let simulator = start().await;
    simulator.write(YIJUN, "anybody?").unwrap();
    assert_eq!(simulator.pending(), 0);
    simulator.subscribe(&callback.url, "right").await.unwrap();
    callback.silence().await;
}
