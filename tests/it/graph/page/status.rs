//! Status of the Page: what is read, and which restriction counts.

use messenger_crm::graph::page::status::{
    self, PageAction, PageFeature, PageRestriction, PageStatus,
};

use super::*;

const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

#[tokio::test]
async fn a_restriction_is_read_with_what_to_do_about_it() {
    let body = json!({
        "id": "1755847768034402", "timestamp": 1_795_824_000, "status": "restricted",
        "violations": [{"type": "SPAM", "description": "Too many of the same.", "link": "https://a.example/spam"}, {}],
        "restrictions": [
            {"feature": "page_messaging_api", "description": "Three days.", "applied_time": 1_795_824_000,
             "expiration_time": 1_796_083_200, "violation_type": ["SPAM"]},
            {"feature": "page_publish", "expiration_time": 0},
            {"feature": "page_new"}, {"description": "no feature"}, 7],
        "recommended_actions": [
            {"action_type": "FILE_APPEAL", "url": "https://a.example/appeal", "violation_type": ["SPAM"]},
            {"action_type": "CALL_US"}, {}],
        "actions_events": [{"type": "APPEAL", "status": "OPEN", "created_time": 1_795_824_100, "updated_time": 0}],
    });
    let found = ask(&status::get(), &body.to_string()).await;
    assert_line(&found, "GET 1755847768034402/page_status");
    let status = found.1.unwrap();
    assert_eq!(status.status.as_deref(), Some("restricted"));
    assert_eq!(status.at, Some(at(1_795_824_000)));
    assert_eq!(status.violations.len(), 2);
    let violation = &status.violations[0];
    assert_eq!(violation.kind.as_deref(), Some("SPAM"));
    assert_eq!(violation.url.as_deref(), Some("https://a.example/spam"));
    let features: Vec<_> = status
        .restrictions
        .iter()
        .map(|restriction| restriction.feature.as_str())
        .collect();
    assert_eq!(features, ["page_messaging_api", "page_publish", "page_new"]);
    let restriction = &status.restrictions[0];
    assert_eq!(restriction.since, Some(at(1_795_824_000)));
    assert_eq!(restriction.until, Some(at(1_796_083_200)));
    assert_eq!(restriction.violations, ["SPAM"]);
    assert_eq!(status.restrictions[1].until, None);
    assert_eq!(status.recommended_actions.len(), 2);
    let appeal = &status.recommended_actions[0];
    assert_eq!(appeal.action, PageAction::FileAppeal);
    assert_eq!(appeal.url.as_deref(), Some("https://a.example/appeal"));
    let other = PageAction::Other("CALL_US".to_owned());
    assert_eq!(status.recommended_actions[1].action, other);
    let event = &status.action_events[0];
    assert_eq!(event.action, PageAction::FileAppeal);
    assert_eq!(event.created_at, Some(at(1_795_824_100)));
    assert_eq!(event.updated_at, None);

    let in_force = status.messaging_restriction(at(1_796_083_199));
    assert_eq!(in_force, Some(restriction));
    assert_eq!(status.messaging_restriction(at(1_796_083_200)), None);
}

#[tokio::test]
async fn a_status_is_read_leniently() {
    for body in [
        r#"{"status":"ok","restrictions":[{"feature":"page_messaging"}]}"#,
        r#"{"data":[{"restrictions":[{"feature":"PAGE_MESSAGING","status":"RESTRICTED"}]}]}"#,
    ] {
        let status = ask(&status::get(), body).await.1.unwrap();
        let restriction = status.messaging_restriction(at(1_795_824_000)).unwrap();
        assert_eq!(restriction.feature, PageFeature::Messaging);
    }
    let odd = r#"{"id":"1","status":7,"violations":"none","restrictions":{},"timestamp":"x"}"#;
    assert_eq!(
        ask(&status::get(), odd).await.1.unwrap(),
        PageStatus::default()
    );
    // No status is unknown, not good.
    let nothing = ask(&status::get(), "{}").await.1;
    assert!(matches!(nothing, Err(Error::UnexpectedResponse { .. })));
}

#[test]
fn the_restriction_that_ends_last_counts() {
    let of = |feature, until| PageRestriction::new(feature, until);
    let (api, all) = (PageFeature::MessagingApi, PageFeature::Messaging);
    let now = at(100);
    let mut lifted = of(api.clone(), None);
    lifted.status = Some("UNRESTRICTED".to_owned());
    let status = PageStatus::new(vec![
        of(api.clone(), Some(at(99))),
        lifted.clone(),
        of(PageFeature::Publish, None),
        of(PageFeature::ReadOnly, None),
    ]);
    assert_eq!(status.messaging_restriction(now), None);
    let status = PageStatus::new(vec![
        of(api.clone(), Some(at(300))),
        of(all.clone(), Some(at(200))),
        lifted,
    ]);
    let last = status.messaging_restriction(now).unwrap();
    assert_eq!(last.until, Some(at(300)));
    let status = PageStatus::new(vec![of(all, None), of(api, Some(at(300)))]);
    assert_eq!(status.messaging_restriction(now).unwrap().until, None);
}
