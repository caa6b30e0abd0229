//! What a Page has at Meta: its webhook fields, menu, personas, labels, and who holds a conversation.
//!
//! All of them are calls for [`Graph::call`] with the Page's token, and need `pages_messaging` and
//! `pages_manage_metadata` unless they say otherwise.

mod account_link;
mod label;
mod menu;
mod moderation;
mod persona;
mod settings;
mod subscription;
mod template;
mod thread;

use super::{Access, Answer, Call, Endpoint, Error, Graph, Path};
use crate::id::PageId;

pub use self::account_link::{LinkedPerson, UnlinkPerson};
pub use self::label::{
    AddLabel, CreateLabel, DeleteLabel, Label, Labels, LabelsOf, ReadLabel, RemoveLabel,
};
pub use self::menu::{
    Command, Commands, Greeting, IceBreakers, MAX_MENU_ACTIONS, MAX_QUESTIONS, Menu, MenuItem,
    Question,
};
pub use self::moderation::{MAX_MODERATED, Moderate, Moderation};
pub use self::persona::{CreatePersona, DeletePersona, Persona, Personas, ReadPersona};
pub use self::settings::{
    DeleteSettings, GetStarted, ReadSettings, Setting, Settings, WriteSettings,
};
pub use self::subscription::{SubscribeApp, SubscribedApp, SubscribedApps, UnsubscribeApp};
pub use self::template::{CreateTemplate, DeleteTemplate, PageTemplate, Templates};
pub use self::thread::{
    ExtendThread, PAGE_INBOX_APP, PassThread, ReadRouting, ReleaseThread, RequestThread, Routing,
    TakeThread, ThreadOwner, ThreadOwnerOf,
};

/// A Page, as its token shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// The Page's id.
    pub id: PageId,
    /// The Page's name.
    pub name: Option<String>,
}

/// Asks which Page a token is for: the cheapest way to check a token.
///
/// Meta: [Page](https://developers.facebook.com/docs/graph-api/reference/page/)
#[derive(Clone, Copy, Debug)]
struct ThisPage;

impl Endpoint for ThisPage {
    type Output = Page;

    fn call(&self) -> Result<Call, Error> {
        Ok(Call::get("me").with_query("fields", "id,name"))
    }

    fn read(&self, answer: &Answer) -> Result<Page, Error> {
        let id = answer.object().id("id").and_then(|id| PageId::new(id).ok());
        Ok(Page {
            id: id.ok_or_else(|| answer.unexpected())?,
            name: answer.object().text("name"),
        })
    }
}

impl Graph {
    /// The Page that a token is for: the cheapest way to check a token.
    ///
    /// # Errors
    ///
    /// [`Error`] when Meta refuses the token, or cannot be asked.
    ///
    /// Meta: [Page](https://developers.facebook.com/docs/graph-api/reference/page/)
    pub async fn page(&self, access: &Access) -> Result<Page, Error> {
        self.call(access, &ThisPage).await
    }
}

/// An edge of a Page.
fn edge(page: &PageId, name: &'static str) -> Result<Path, Error> {
    Ok(Path::node(page.as_str())?.edge(name))
}

#[cfg(test)]
mod tests {
    use super::super::script::{PROOF, Script, access, block_on};
    use super::super::{GraphVersion, Method};
    use super::*;

    #[test]
    fn a_token_tells_its_page() {
        let script = Script::json(200, r#"{"id":"1755847768034402","name":"My Page"}"#);
        let page = block_on(script.graph().page(&access())).unwrap();
        assert_eq!(page.id.as_str(), "1755847768034402");
        assert_eq!(page.name.as_deref(), Some("My Page"));

        let asked = script.asked().unwrap();
        assert_eq!(asked.method, Method::Get);
        assert_eq!(
            asked.url,
            format!("https://graph.facebook.com/v26.0/me?fields=id,name&appsecret_proof={PROOF}")
        );
        assert_eq!(asked.bearer, Some(access().token));
        assert!(asked.body.is_none());
    }

    #[test]
    fn base_url_and_version_can_be_others() {
        let script = Script::json(200, r#"{"id":42}"#);
        let graph = script
            .graph()
            .with_base_url("http://127.0.0.1:4000/")
            .unwrap();
        let graph = graph.with_version("v25.0".parse::<GraphVersion>().unwrap());
        assert_eq!(block_on(graph.page(&access())).unwrap().id.as_str(), "42");
        let url = script.asked().unwrap().url;
        assert!(url.starts_with("http://127.0.0.1:4000/v25.0/me?"), "{url}");
    }

    #[test]
    fn a_page_without_id_is_unexpected() {
        for body in ["{}", "[]", "", r#"{"id":""}"#, r#"{"id":true}"#] {
            let error = block_on(Script::json(200, body).graph().page(&access())).unwrap_err();
            assert!(
                matches!(error, Error::Unexpected { status: 200, .. }),
                "{body}"
            );
        }
    }
}
