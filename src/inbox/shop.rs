// Hidden lines of the examples in this folder, and no module: a shop with one Page on a simulated
// Messenger, to which Ada has just written.

#[allow(unused_imports)]
use std::{error::Error, sync::Arc, time::Duration};

#[allow(unused_imports)]
use messenger_crm::{
    change::Applied,
    graph::{
        Access, AppAccess, Graph,
        page::subscriptions::WebhookField,
        send::{OutgoingContent, OutgoingMessage, SenderAction},
    },
    id::{AppId, PageId, Psid},
    inbox::*,
    model::{Author, Contact, ContactKey, OutgoingKey, WorkerId},
    secret::{AppSecret, PageToken, VerifyToken},
    simulator::Simulator,
    store::{ContactQuery, ContactStore, MemoryStore, MessageQuery, RawEventQuery},
    time::Timestamp,
    webhook::{SIGNATURE_HEADER, Webhook, sign, sign_request},
};

type Example = Result<(), Box<dyn Error>>;

/// Runs an example with an inbox, its customer and the time.
fn in_a_shop(example: impl AsyncFnOnce(Inbox, ContactKey, Timestamp) -> Example) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(async {
        let simulator = Simulator::start(([127, 0, 0, 1], 0).into()).await.unwrap();
        let (inbox, ada) = open(&simulator).await.unwrap();
        example(inbox, ada, std::time::SystemTime::now().into()).await.unwrap();
        simulator.shutdown().await;
    });
}

async fn open(simulator: &Simulator) -> Result<(Inbox, ContactKey), Box<dyn Error>> {
    let (app, ada) = (simulator.app(), Simulator::people()[0].psid);
    let secret: AppSecret = app.app_secret.parse()?;
    let page: PageId = app.page_id.parse()?;
    let access = AppAccess::new(app.app_id.parse()?, secret.clone());
    let access = Access::new(access, page.clone(), app.page_token.parse()?);
    let connections = SinglePage::new(access, "a-verify-token".parse()?);
    let graph = Graph::new()?.with_base_url(&simulator.url())?;
    let inbox = Inbox::new(Arc::new(MemoryStore::new()), graph, Arc::new(connections));
    let body = format!(
        r#"{{"object":"page","entry":[{{"id":"{page}","messaging":[{{"sender":{{"id":"{ada}"}},
        "recipient":{{"id":"{page}"}},"timestamp":{},"message":{{"mid":"m_1","text":"Hello~"}}}}]}}]}}"#,
        Timestamp::from(std::time::SystemTime::now()).as_millis(),
    );
    let signature = sign(&secret, body.as_bytes());
    let request = http::Request::post("/webhook").header(SIGNATURE_HEADER, signature);
    let response = inbox.service().respond(request.body(body)?).await;
    assert_eq!(response.status(), 200);
    Ok((inbox, ContactKey::new(page, ada.parse()?)))
}
