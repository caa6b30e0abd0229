//! Templates that a customer fills in or answers.

use super::*;

fn feedback(question: FeedbackQuestion) -> CustomerFeedbackTemplate {
    CustomerFeedbackTemplate::new(
        "Rate us",
        "Tell us",
        "Rate",
        question,
        "https://a.example/p",
    )
}

#[test]
fn customer_feedback_template() {
    let question = || FeedbackQuestion::new("hauydmns8", QuestionKind::Csat);
    let full = question()
        .with_title("How was it?")
        .with_score("neg_pos", "five_stars")
        .with_follow_up("Say more");
    let body = |question: Value| {
        json!({"template_type": "customer_feedback", "title": "Rate us", "subtitle": "Tell us",
            "button_title": "Rate", "feedback_screens": [{"questions": [question]}],
            "business_privacy": {"url": "https://a.example/p"}, "expires_in_days": 3})
    };
    assert_template(
        feedback(full).with_days(3),
        &body(
            json!({"id": "hauydmns8", "type": "csat", "title": "How was it?",
            "score_label": "neg_pos", "score_option": "five_stars",
            "follow_up": {"type": "free_form", "placeholder": "Say more"}}),
        ),
    );
    assert_template(
        feedback(question().with_follow_up("")).with_days(3),
        &body(json!({"id": "hauydmns8", "type": "csat", "follow_up": {"type": "free_form"}})),
    );
}

#[test]
fn customer_feedback_has_limits() {
    let question = || FeedbackQuestion::new("q", QuestionKind::FreeForm);
    for (template, words) in [
        (
            feedback(question()).with_days(8),
            "the days until the form expires must be from 1 to 7, not 8",
        ),
        (
            feedback(question().with_title("Why?")),
            "the title of the question has 4 UTF-16 units, it needs at least 5",
        ),
        (
            feedback(question().with_title("a".repeat(86))),
            "the title of the question has 86 UTF-16 units, at most 85 can be sent",
        ),
        (
            feedback(question().with_follow_up("a".repeat(66))),
            "the placeholder has 66 UTF-16 units, at most 65 can be sent",
        ),
        (
            feedback(FeedbackQuestion::new("a-b", QuestionKind::Nps)),
            "the id of the question (3 UTF-16 units) must be letters, digits and underscores",
        ),
    ] {
        assert_refused(template, words);
    }
}

#[test]
fn feedback_with_two_questions_cannot_be_read() {
    let question = json!({"id": "q", "type": "nps"});
    for (screens, words) in [
        (
            json!([{"questions": [question, question]}]),
            "there are 2 questions, at most 1 can be sent",
        ),
        (
            json!([]),
            "there are 0 feedback screens, at least 1 are needed",
        ),
    ] {
        let template = json!({"template_type": "customer_feedback", "title": "a", "subtitle": "b",
            "button_title": "c", "feedback_screens": screens,
            "business_privacy": {"url": "https://a.example/p"}});
        let error = serde_json::from_value::<Template>(template).unwrap_err();
        assert_eq!(error.to_string(), words);
    }
}

#[test]
fn customer_information_template() {
    let form = |country: &str| {
        CustomerInformationTemplate::new(vec![country.to_owned()], "https://a.example/p")
    };
    assert_template(
        form("DE").with_days(2),
        &json!({"template_type": "customer_information", "countries": ["DE"],
            "business_privacy": {"url": "https://a.example/p"}, "expires_in_days": 2}),
    );
    assert_refused(
        form("de"),
        "a country (2 UTF-16 units) must be two capital letters",
    );
    assert_refused(
        CustomerInformationTemplate::new(vec![], "https://a.example/p"),
        "there are 0 countries, at least 1 are needed",
    );
}

#[test]
fn instant_form_and_call_templates() {
    let form = |form_id: &str| Template::InstantForm {
        form_id: form_id.to_owned(),
    };
    assert_template(
        form("9"),
        &json!({"template_type": "instant_form", "form_id": "9"}),
    );
    assert_refused(form(""), "the id of the form is blank");
    let prompt = |ttl_days| Template::CallPrompt { ttl_days };
    assert_template(
        prompt(Some(7)),
        &json!({"template_type": "call_prompt", "ttl_days": 7}),
    );
    assert_template(prompt(None), &json!({"template_type": "call_prompt"}));
    assert_refused(
        prompt(Some(0)),
        "the days of the call prompt must be from 1 to 4294967295, not 0",
    );
    assert_template(
        Template::CallingOptIn {},
        &json!({"template_type": "calling_optin"}),
    );
}
