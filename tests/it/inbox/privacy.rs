//! The deauthorize and data deletion callbacks: what they record, and what they say.

use messenger_crm::graph::TokioClock;
use messenger_crm::inbox::{
    ASID_FIELD, PrivacyRequest, PrivacyRequestKind, PrivacyRequestState, WebhookService,
};
use messenger_crm::webhook::sign_request;

use super::*;
use crate::store::{known, pending};

const ASID: &str = "218471";

/// Ada has written at 1 and her profile is known; the callbacks are on the web.
struct Office {
    store: Arc<dyn ContactStore>,
    script: ScriptedTransport,
    inbox: Inbox,
    service: WebhookService,
}

/// The same test on both databases.
#[allow(clippy::future_not_send)]
async fn on_each_store(test: impl AsyncFn(Office)) {
    let file = File::new();
    test(Office::new(Arc::new(file.open())).await).await;
    #[cfg(feature = "full")]
    if let Some(schema) = crate::postgres::server::Schema::new("privacy") {
        test(Office::new(Arc::new(schema.open().await)).await).await;
    }
}

impl Office {
    async fn new(store: Arc<dyn ContactStore>) -> Self {
        let script = ScriptedTransport::new();
        let hello = received(&ada(), "m1", 1, "Hello");
        let known = known(&ada(), 1, "Ada", None);
        store.apply(&[hello, known]).await.unwrap();
        Self {
            inbox: Inbox::new(store.clone(), graph(&script), page_1()),
            service: Self::service(&script, store.clone()),
            store,
            script,
        }
    }

    /// Callbacks over this store.
    fn service(script: &ScriptedTransport, store: Arc<dyn ContactStore>) -> WebhookService {
        let graph = Graph::from_parts(script.clone(), TokioClock::new());
        let inbox = Inbox::new(store, graph, page_1());
        inbox.service().with_public_url("https://crm.example.com")
    }

    async fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let request = http::Request::builder().method(method).uri(path);
        let request = request.body(body.to_owned()).unwrap();
        let response = self.service.respond(request).await;
        (response.status().as_u16(), response.into_body())
    }

    /// Posts a deletion request, and returns the response.
    async fn request_deletion(&self, issued_at: u32) -> Value {
        let form = form(SECRET, issued_at);
        let (status, body) = self.ask("POST", "/webhook/deletion", &form).await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// The text of the status page that a response names.
    async fn status(&self, response: &Value) -> String {
        let url = response["url"].as_str().unwrap();
        let path = url.strip_prefix("https://crm.example.com").unwrap();
        let (status, text) = self.ask("GET", path, "").await;
        assert_eq!(status, 200, "{text}");
        text
    }

    async fn requests(&self) -> Vec<PrivacyRequest> {
        self.inbox.privacy_requests(&app()).await.unwrap()
    }

    async fn link(&self, asid: &str) {
        let field = Change::Field {
            contact: ada(),
            name: ASID_FIELD.to_owned(),
            value: Some(asid.to_owned()),
            at: at(2),
        };
        self.store.apply(&[field]).await.unwrap();
    }

    /// Does all that is due a while after the requests.
    async fn work(&self, later: Duration) {
        let now = self.requests().await[0].requested_at + later;
        let worker = WorkerId::new(7);
        while self.inbox.step(now, worker).await.unwrap() == Step::Worked {}
    }

    async fn knows_ada(&self) -> bool {
        let contact = self.store.contact(&ada()).await.unwrap();
        contact.is_some()
    }
}

fn app() -> AppId {
    AppId::new("271828182845904").unwrap()
}

fn form(secret: &str, issued_at: u32) -> String {
    let payload = json!({"algorithm": "HMAC-SHA256", "issued_at": issued_at, "user_id": ASID});
    let secret = AppSecret::new(secret).unwrap();
    let signed = sign_request(&secret, &payload.to_string());
    format!("signed_request={signed}")
}

const DAYS: Duration = Duration::from_secs(3 * 24 * 3600);

#[tokio::test]
async fn v35_a_deletion_of_a_person_nobody_knows_stays_open() {
    on_each_store(async |office: Office| {
        let response = office.request_deletion(1).await;
        assert_eq!(
            office.request_deletion(1).await,
            response,
            "Meta sent it twice"
        );
        let code = response["confirmation_code"].as_str().unwrap();
        assert!(code.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert!(!code.contains(ASID));
        for later in [Duration::ZERO, DAYS] {
            office.work(later).await;
            let status = office.status(&response).await;
            assert!(
                status.contains("open") && status.contains("Nothing"),
                "{status}"
            );
            assert!(!status.contains(ASID), "{status}");
        }
        assert!(office.knows_ada().await);
        let requests = office.requests().await;
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].code, code);
        assert_eq!(requests[0].kind, PrivacyRequestKind::Deletion);
        assert_eq!(requests[0].user.as_ref().unwrap().as_str(), ASID);
        assert_eq!(requests[0].state, PrivacyRequestState::Open);
    })
    .await;
}

#[tokio::test]
async fn v35_f27_a_deletion_of_a_linked_customer_is_erased_only_after_it_was() {
    on_each_store(async |office: Office| {
        office.link(ASID).await;
        let response = office.request_deletion(1).await;
        let status = office.status(&response).await;
        assert!(status.contains("Nothing is confirmed"), "{status}");
        assert!(
            office.knows_ada().await,
            "it is work, not part of the response"
        );

        office.work(Duration::ZERO).await;
        assert!(!office.knows_ada().await);
        let status = office.status(&response).await;
        assert!(status.contains("were erased"), "{status}");
        let requests = office.requests().await;
        assert!(matches!(
            requests[0].state,
            PrivacyRequestState::Erased { .. }
        ));
        assert_eq!(requests[0].user, None);
        // No row waits to be erased, and no work is left.
        assert!(pending(&*office.store, 4_000_000_000).await.is_empty());

        // A copy of the request opens it no more; a new request does.
        assert_eq!(office.request_deletion(1).await, response);
        assert_eq!(office.status(&response).await, status);
        let another = office.request_deletion(2).await;
        assert_ne!(another, response);
        assert_eq!(office.requests().await.len(), 2);
    })
    .await;
}

/// The worker died after the customer was hidden, and before the rows were erased.
#[tokio::test]
async fn i2_an_erasure_that_was_interrupted_is_finished() {
    on_each_store(async |office: Office| {
        office.link(ASID).await;
        let response = office.request_deletion(1).await;
        let full = full::Full::new(office.store.clone());
        full.set_erasing_fails(true);
        let graph = graph(&office.script);
        let inbox = Inbox::new(Arc::new(full), graph, page_1());
        let now = office.requests().await[0].requested_at;
        let ended = loop {
            match inbox.step(now, WorkerId::new(8)).await {
                Ok(Step::Worked) => {}
                stopped => break stopped,
            }
        };
        assert!(ended.is_err(), "{ended:?}");
        assert!(!office.knows_ada().await, "hidden, and not erased");
        let status = office.status(&response).await;
        assert!(status.contains("Nothing is confirmed"), "{status}");
        office.work(DAYS).await;
        assert!(!office.knows_ada().await);
        let status = office.status(&response).await;
        assert!(status.contains("were erased"), "{status}");
    })
    .await;
}

#[tokio::test]
async fn v35_a_link_that_comes_later_and_a_person_close_a_request() {
    on_each_store(async |office: Office| {
        let linked = office.request_deletion(1).await;
        office.work(Duration::ZERO).await;
        office.link(ASID).await;
        office.work(DAYS).await;
        let status = office.status(&linked).await;
        assert!(status.contains("were erased"), "{status}");

        let response = office.request_deletion(2).await;
        let code = response["confirmation_code"].as_str().unwrap();
        let app = app();
        let settle = async |code| {
            let inbox = &office.inbox;
            let settled = inbox.settle_privacy_request(&app, code, at(3));
            settled.await.unwrap()
        };
        assert!(!settle("unknown").await);
        assert!(settle(code).await);
        assert!(!settle(code).await, "once");
        let status = office.status(&response).await;
        assert!(status.contains("member of the team"), "{status}");
        assert!(!status.contains("erased"), "{status}");
    })
    .await;
}

#[tokio::test]
async fn v35_only_signed_forms_are_recorded() {
    on_each_store(async |office: Office| {
        for path in ["/webhook/deletion", "/webhook/deauthorize"] {
            for (body, expected) in [
                (form("another", 1), 401),
                ("signed_request=x".to_owned(), 400),
                (String::new(), 400),
                (" ".repeat(70_000), 413),
            ] {
                let (status, _) = office.ask("POST", path, &body).await;
                assert_eq!(status, expected, "{path}");
            }
            assert_eq!(office.ask("GET", path, "").await.0, 405);
        }
        assert_eq!(office.ask("GET", "/webhook/deletion/abc", "").await.0, 404);
        assert_eq!(office.requests().await, []);
    })
    .await;
}

#[tokio::test]
async fn v35_a_deauthorization_is_recorded() {
    on_each_store(async |office: Office| {
        let form = form(SECRET, 1);
        for _ in 0..2 {
            let (status, _) = office.ask("POST", "/webhook/deauthorize", &form).await;
            assert_eq!(status, 200);
        }
        let requests = office.requests().await;
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].kind, PrivacyRequestKind::Deauthorization);
        assert!(office.knows_ada().await);
    })
    .await;
}

#[tokio::test]
async fn without_a_public_url_there_is_no_deletion_callback() {
    on_each_store(async |mut office: Office| {
        office.service = office.inbox.service();
        let (status, _) = office
            .ask("POST", "/webhook/deletion", &form(SECRET, 1))
            .await;
        assert_eq!(status, 404);
    })
    .await;
}

#[tokio::test]
async fn i8_a_request_that_was_not_stored_is_503() {
    on_each_store(async |mut office: Office| {
        let full = full::Full::new(office.store.clone());
        full.set_full(true);
        office.service = Office::service(&office.script, Arc::new(full));
        let (status, body) = office
            .ask("POST", "/webhook/deletion", &form(SECRET, 1))
            .await;
        assert_eq!(status, 503);
        assert!(!body.contains("confirmation_code"), "{body}");
        assert_eq!(office.requests().await, []);
    })
    .await;
}
