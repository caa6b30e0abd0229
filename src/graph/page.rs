//! Whose token it is.

use super::{Access, Error, Graph};
use crate::id::PageId;

/// A Page, as its token shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// The Page's id.
    pub id: PageId,
    /// The Page's name.
    pub name: Option<String>,
}

impl Graph {
    /// The Page that a token is for: the cheapest way to check a token.
    ///
    /// # Errors
    ///
    /// [`Error`] when Meta refuses the token, or cannot be asked.
    ///
    /// <https://developers.facebook.com/docs/graph-api/reference/page/>
    pub async fn page(&self, access: &Access) -> Result<Page, Error> {
        let answer = self.call(access, "me", Some("id,name"), None).await?;
        let id = answer.id("id").and_then(|id| PageId::new(id).ok());
        Ok(Page {
            id: id.ok_or(Error::Unexpected {
                status: answer.status,
            })?,
            name: answer.text("name"),
        })
    }
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
        assert_eq!(asked.body, None);
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
            assert!(matches!(error, Error::Unexpected { status: 200 }), "{body}");
        }
    }
}
