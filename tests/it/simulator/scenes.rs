//! Several apps, Pages and people; seeds; many simulators.

use messenger_crm::simulator::{AppSetup, PageSetup, PersonSetup, Scene};

use super::*;

const SECRET: &str = "60efff025951cddde78c8d03de52cc90";

fn two_pages() -> Scene {
    Scene::new()
        .with_app(AppSetup::new("11").with_secret(SECRET))
        .with_app(AppSetup::new("12").without_proof().with_sha1())
        .with_page(
            PageSetup::new("21", "Bakery")
                .with_token("11", "EAAbakery")
                .with_person(PersonSetup::new("31", "Ada Lovelace")),
        )
        .with_page(
            PageSetup::new("22", "Florist")
                .with_token("12", "EAAflorist")
                .with_person(PersonSetup::new("32", "Grace Hopper")),
        )
}

async fn started(scene: Scene) -> Simulator {
    let address = "127.0.0.1:0".parse().unwrap();
    Simulator::start_scene(address, scene).await.unwrap()
}

/// A call with a token and without a proof.
async fn call(simulator: &Simulator, token: &str, request: &str, body: &str) -> Answered {
    let headers = format!("authorization: Bearer {token}\r\ncontent-type: application/json\r\n");
    ask(simulator, request, &headers, body).await
}

#[tokio::test]
async fn l1_apps_pages_tokens_and_people_have_the_ids_of_the_caller() {
    let simulator = started(two_pages()).await;
    let (ours, other) = (Callback::start().await, Callback::start().await);
    let (mut ours, mut other) = (ours, other);
    simulator
        .subscribe_app("11", &ours.url, "right")
        .await
        .unwrap();
    simulator
        .subscribe_app("12", &other.url, "right")
        .await
        .unwrap();
    let mid = customer(&simulator, "32").writes("Roses?").unwrap();
    for (callback, secret) in [
        (&mut ours, SECRET.to_owned()),
        (
            &mut other,
            simulator.credentials("12", "22").unwrap().app_secret,
        ),
    ] {
        let call = callback.next().await;
        assert_eq!(
            call.signature,
            format!("sha256={}", hex_hmac(&secret, &call.body))
        );
        let item = call.item();
        assert_eq!(item["recipient"]["id"], "22");
        assert_eq!(item["message"]["mid"], *mid);
    }

    // The token of one Page reaches neither the other Page nor its people.
    let body = text("32", "Yes").to_string();
    let sent = call(&simulator, "EAAflorist", "POST /v27.0/me/messages", &body).await;
    assert_eq!(sent.status, 200);
    let stranger = text("31", "Yes").to_string();
    let refused = call(
        &simulator,
        "EAAflorist",
        "POST /v27.0/me/messages",
        &stranger,
    )
    .await;
    assert_eq!(refused.refusal()["error_subcode"], 2_018_001);
    let refused = call(
        &simulator,
        "EAAflorist",
        "POST /v27.0/21/messages",
        &stranger,
    )
    .await;
    assert_eq!(refused.refusal()["error_subcode"], 33);
    assert!(customer(&simulator, "31").thread().is_empty());
}

#[tokio::test]
async fn l1_a_scene_with_wrong_ids_says_what_is_wrong() {
    let start = async |scene| {
        let address = "127.0.0.1:0".parse().unwrap();
        let error = Simulator::start_scene(address, scene).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        error.to_string()
    };
    let page = || PageSetup::new("21", "Bakery");
    let app = || Scene::new().with_app(AppSetup::new("11"));
    assert_eq!(
        start(app()).await,
        "the scene needs at least one app and one Page"
    );
    let twice = page().with_person(PersonSetup::new("11", "Ada"));
    assert!(
        start(app().with_page(twice))
            .await
            .starts_with("the id 11 is used twice")
    );
    let letters = page().with_person(PersonSetup::new("ada", "Ada"));
    assert!(
        start(app().with_page(letters))
            .await
            .starts_with("the id \"ada\" is not a number")
    );
    let token = page().with_token("99", "EAA");
    assert!(
        start(app().with_page(token))
            .await
            .starts_with("a Page token is for the app 99")
    );
}

#[tokio::test]
async fn l12_one_seed_and_one_time_give_one_history() {
    let mut histories = Vec::new();
    for seed in [7, 7, 8] {
        let scene = two_pages().with_seed(seed).with_time(1_700_000_000_000);
        let simulator = started(scene).await;
        let mut callback = Callback::start().await;
        simulator.subscribe(&callback.url, "right").await.unwrap();
        let ada = customer(&simulator, "31");
        let mid = ada.writes("Bread?").unwrap();
        ada.edits(&mid, "Rolls?").unwrap();
        ada.reacts(&mid, "👍").unwrap();
        let mut history = vec![simulator.credentials("12", "21").unwrap().page_token];
        for _ in 0..3 {
            history.push(callback.next().await.body);
        }
        histories.push(history);
    }
    assert_eq!(histories[0], histories[1]);
    assert_ne!(histories[0], histories[2]);
}

#[tokio::test]
async fn two_simulators_at_once_and_a_hundred_starts_share_nothing() {
    let (one, other) = (start().await, start().await);
    one.write(YIJUN, "here").unwrap();
    assert!(other.thread(YIJUN).unwrap().is_empty());
    let began = Instant::now();
    let mut urls = std::collections::BTreeSet::new();
    let mut all = Vec::new();
    for _ in 0..100 {
        let simulator = start().await;
        assert!(urls.insert(simulator.url()));
        all.push(simulator);
    }
    println!("100 starts took {:?}", began.elapsed());
    assert_eq!(urls.len(), 100);
}
