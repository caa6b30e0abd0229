//! Messages and files over sockets, to a Messenger that writes and reads JSON of its own.

use messenger_crm::graph::{
    Access, AppAccess, AppClient, Call, Graph, PageClient, Path, ReqwestTransport, TokioClock,
    UserClient,
};
use messenger_crm::id::{AppId, Mid, PageId, Psid};
use messenger_crm::secret::{AppSecret, PageToken, UserToken};
use messenger_crm::simulator::Simulator;
use serde_json::{Value, json};

pub(super) struct Meta {
    pub(super) simulator: Simulator,
    pub(super) graph: Graph,
}

impl Meta {
    pub(super) async fn new() -> Self {
        let simulator = Simulator::start("127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let builder = reqwest::Client::builder().no_proxy();
        let transport = ReqwestTransport::from_builder(builder).unwrap();
        let graph = Graph::from_parts(transport, TokioClock::new())
            .with_timed_proof()
            .with_base_url(&simulator.url())
            .unwrap();
        Self { simulator, graph }
    }

    pub(super) fn app_access(&self) -> AppAccess {
        let app = self.simulator.app();
        AppAccess::new(
            AppId::new(app.app_id.clone()).unwrap(),
            AppSecret::new(app.app_secret.clone()).unwrap(),
        )
    }

    pub(super) fn access(&self) -> Access {
        self.access_with(&self.simulator.app().page_token)
    }

    pub(super) fn access_with(&self, token: &str) -> Access {
        let page = PageId::new(self.simulator.app().page_id.clone()).unwrap();
        Access::new(self.app_access(), page, PageToken::new(token).unwrap())
    }

    pub(super) fn page(&self) -> PageClient {
        self.graph.page(self.access())
    }

    pub(super) fn app(&self) -> AppClient {
        self.graph.app(self.app_access())
    }

    pub(super) fn user(&self) -> UserClient {
        let token = UserToken::new(self.simulator.app().user_token.clone()).unwrap();
        self.graph.user(&self.app_access(), &token)
    }

    /// Sends a text as the Page, with these members beside it.
    pub(super) fn text(&self, psid: &Psid, text: &str, members: &[(&str, Value)]) -> Call<Mid> {
        let mut body = json!({"recipient": {"id": psid}, "messaging_type": "RESPONSE",
            "message": {"text": text}});
        for (name, value) in members {
            body[*name] = value.clone();
        }
        let call = Call::post(Path::me().edge("messages"), |response| {
            let mid = response.object().id("message_id");
            mid.and_then(|mid| Mid::new(mid).ok())
                .ok_or_else(|| response.unexpected())
        });
        call.with_json(&body).unwrap()
    }
}

pub(super) fn person(number: usize) -> Psid {
    Psid::new(Simulator::people()[number].psid).unwrap()
}
