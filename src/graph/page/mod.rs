//! Settings of a Page: webhook fields, Messenger profile, personas, labels, conversation routing,
//! status.
//!
//! The functions return a [`Call`]; send it with [`PageClient::call`](super::PageClient::call). Each
//! function names the permission that it needs. The Page token must come from a person with the task
//! `MESSAGING` or `MODERATE` on the Page.
//!
//! | Module | Use it for |
//! |---|---|
//! | [`subscriptions`] | which events of the Page Meta sends to the app |
//! | [`messenger_profile`] | greeting, ice breakers, menu, commands |
//! | [`labels`] | labels of customers at Meta |
//! | [`personas`] | names and pictures, such as those of agents, under which the Page writes |
//! | [`thread`] | which app controls a conversation |
//! | [`moderation`] | blocking customers, moving conversations to spam |
//! | [`templates`] | utility templates, which Meta approves before they can be sent |
//! | [`account_links`] | customers who linked their account at the business |
//! | [`status`] | violations and restrictions of the Page |
//!
//! ```
//! use messenger_crm::graph::page::{self, subscriptions};
//! # use messenger_crm::graph::{Access, AppAccess, ScriptedTransport};
//! # use messenger_crm::id::{AppId, PageId};
//! # use messenger_crm::secret::{AppSecret, PageToken};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let script = ScriptedTransport::new();
//! # script.json(200, r#"{"id":"1755847768034402","name":"Corner Shop","category":"Shop"}"#);
//! # script.json(200, r#"{"success":true}"#);
//! # let app = AppAccess::new(AppId::new("27182818")?, AppSecret::new("60efff025951")?);
//! # let access = Access::new(app, PageId::new("1755847768034402")?, PageToken::new("EAAtoken")?);
//! # let graph = script.graph();
//! let client = graph.page(access);
//! let page = client.call(&page::get_page()).await?;
//! assert_eq!(page.name.as_deref(), Some("Corner Shop"));
//! client.call(&subscriptions::subscribe(&subscriptions::RECOMMENDED)?).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Against the simulator (feature `simulator`), over HTTP:
//!
//! ```
//! # #[cfg(feature = "simulator")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use messenger_crm::graph::{Access, AppAccess, Graph, page::{self, labels}};
//! use messenger_crm::simulator::Simulator;
//!
//! let simulator = Simulator::start("127.0.0.1:0".parse()?).await?;
//! let of = simulator.app();
//! let app = AppAccess::new(of.app_id.parse()?, of.app_secret.parse()?);
//! let access = Access::new(app, of.page_id.parse()?, of.page_token.parse()?);
//! let graph = Graph::new()?.with_base_url(&simulator.url())?;
//! let page = graph.page(access);
//! assert_eq!(page.call(&page::get_page()).await?.id.as_str(), of.page_id);
//! page.call(&labels::create("VIP")?).await?;
//! let labels = page.walk(&labels::list(), 100).await?.items;
//! assert_eq!(labels[0].name.as_deref(), Some("VIP"));
//! simulator.shutdown().await;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "simulator"))]
//! # fn main() {}
//! ```

pub mod account_links;
pub mod labels;
pub mod messenger_profile;
pub mod moderation;
pub mod personas;
pub mod status;
pub mod subscriptions;
pub mod templates;
pub mod thread;
pub(super) mod webhook_field;

use serde_json::Value;

use super::{Call, Path, Payload, Response};
use crate::id::PageId;

/// The Page that a token acts for.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// Id of the Page.
    pub id: PageId,
    /// Name of the Page. Absent when Meta leaves it out.
    pub name: Option<String>,
    /// Kind of business, such as `Shopping & retail`. Absent when Meta leaves it out.
    pub category: Option<String>,
}

impl Page {
    /// Creates a Page without name and category, for tests.
    pub fn new(id: PageId) -> Self {
        Self {
            id,
            name: None,
            category: None,
        }
    }
}

/// Reads the Page that the token acts for. It can be another Page than that of the client's
/// credentials; [`PageClient::check`](super::PageClient::check) compares the two.
///
/// Permission: any Page token. Meta refuses the token of a person with code 100, because a person
/// has no category.
///
/// <https://developers.facebook.com/docs/graph-api/reference/page/>
pub fn get_page() -> Call<Page> {
    let call = Call::get("me", |response: &Response| {
        let object = response.object();
        let id = object.id("id").and_then(|id| PageId::new(id).ok());
        Ok(Page {
            id: id.ok_or_else(|| response.unexpected())?,
            name: object.text("name"),
            category: object.text("category"),
        })
    });
    call.with_query("fields", "id,name,category")
}

/// Creates a call to an edge of the Page that changes something and returns nothing.
fn post_done(edge: &'static str) -> Call<()> {
    Call::post(Path::me().edge(edge), Response::success)
}

/// Sets a JSON body that is known to be valid.
fn with_body<T>(mut call: Call<T>, body: &Value) -> Call<T> {
    call.parts.payload = Payload::Json(body.to_string().into_bytes());
    call
}

#[cfg(test)]
mod tests {
    use super::super::script::{block_on, test_access};
    use super::super::{Error, GraphVersion, ScriptedTransport};
    use super::*;

    fn ask(body: &str) -> (ScriptedTransport, Result<Page, Error>) {
        let script = ScriptedTransport::new();
        script.json(200, body);
        let page = block_on(script.graph().page(test_access()).call(&get_page()));
        (script, page)
    }

    #[test]
    fn the_page_of_a_token_is_read() {
        let (script, page) = ask(r#"{"id":"1755847768034402","name":"My Page","category":"Shop"}"#);
        let page = page.unwrap();
        assert_eq!(page.id.as_str(), "1755847768034402");
        assert_eq!(page.name.as_deref(), Some("My Page"));
        assert_eq!(page.category.as_deref(), Some("Shop"));
        let uri = script.requests()[0].http.uri().to_string();
        let expected = "https://graph.facebook.com/v27.0/me?fields=id,name,category&";
        assert!(uri.starts_with(expected), "{uri}");
    }

    #[test]
    fn base_url_and_version_can_be_changed() {
        let script = ScriptedTransport::new();
        script.json(200, r#"{"id":42}"#);
        let graph = script.graph().with_base_url("http://127.0.0.1:4000/");
        let graph = graph.unwrap();
        let graph = graph.with_version("v25.0".parse::<GraphVersion>().unwrap());
        let page = block_on(graph.page(test_access()).call(&get_page())).unwrap();
        assert_eq!(page, Page::new(PageId::new("42").unwrap()));
        let uri = script.requests()[0].http.uri().to_string();
        assert!(uri.starts_with("http://127.0.0.1:4000/v25.0/me?"), "{uri}");
    }

    #[test]
    fn a_page_without_id_is_unexpected() {
        for body in ["{}", "[]", r#"{"id":""}"#, r#"{"id":true}"#] {
            let error = ask(body).1.unwrap_err();
            assert!(matches!(error, Error::UnexpectedResponse { .. }), "{body}");
        }
    }
}
