//! Utility templates of the Page, which Meta approves before they can be sent.
//!
//! Permission: `page_utility_messaging`.
//!
//! ```
//! use messenger_crm::graph::page::templates;
//! # use messenger_crm::graph::{Access, AppAccess, ScriptedTransport};
//! # use messenger_crm::id::{AppId, PageId};
//! # use messenger_crm::secret::{AppSecret, PageToken};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let script = ScriptedTransport::new();
//! # script.json(200, r#"{"id":"9001","status":"PENDING","category":"UTILITY"}"#);
//! # let app = AppAccess::new(AppId::new("27182818")?, AppSecret::new("60efff025951")?);
//! # let access = Access::new(app, PageId::new("1755847768034402")?, PageToken::new("EAAtoken")?);
//! # let page = script.graph().page(access);
//! let components = serde_json::json!([{"type": "BODY", "text": "Your order {{1}} is ready."}]);
//! let template = page.call(&templates::create("order_ready", "en", &components)?).await?;
//! assert_eq!(template.status.as_deref(), Some("PENDING"));
//! # Ok(())
//! # }
//! ```
//!
//! <https://developers.facebook.com/docs/messenger-platform/send-messages/utility-messages>

use serde_json::{Map, Value, json};

use super::with_body;
use crate::graph::send::invalid::required;
use crate::graph::{Call, Error, ListPage, Object, Path, Response};

/// A utility template at Meta.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct MessageTemplate {
    /// Id of the template.
    pub id: String,
    /// Name, for [`UtilityTemplate::new`](crate::graph::send::UtilityTemplate::new). Absent when
    /// Meta leaves it out.
    pub name: Option<String>,
    /// Language, such as `en`. Absent when Meta leaves it out.
    pub language: Option<String>,
    /// State of the review: `APPROVED`, `PENDING`, `REJECTED`, …; Meta may add values. Absent when
    /// Meta leaves it out.
    pub status: Option<String>,
    /// Category, such as `UTILITY`. Absent when Meta leaves it out.
    pub category: Option<String>,
}

impl MessageTemplate {
    /// Creates a template with an id only, for tests.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: None,
            language: None,
            status: None,
            category: None,
        }
    }

    fn read(template: Object<'_>) -> Option<Self> {
        Some(Self {
            id: template.id("id")?,
            name: template.text("name"),
            language: template.text("language"),
            status: template.text("status"),
            category: template.text("category"),
        })
    }
}

/// Creates a template whose placeholders are numbers, such as `{{1}}`. `components` is in Meta's
/// format.
///
/// Permission: `page_utility_messaging`. Meta refuses with code 100 when the components are wrong.
///
/// # Errors
///
/// [`Error::Message`] when name or language is blank.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/utility-messages>
#[doc(alias = "message_templates")]
pub fn create(
    name: &str,
    language: &str,
    components: &Value,
) -> Result<Call<MessageTemplate>, Error> {
    post(name, language, [("components", components.clone())])
}

/// Creates a template whose placeholders have names, such as `{{order}}`. `components` is in Meta's
/// format.
///
/// Permission: `page_utility_messaging`. Meta refuses with code 100 when the components are wrong.
///
/// # Errors
///
/// [`Error::Message`] when name or language is blank.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/utility-messages>
#[doc(alias = "parameter_format")]
pub fn create_named(
    name: &str,
    language: &str,
    components: &Value,
) -> Result<Call<MessageTemplate>, Error> {
    let format = ("parameter_format", json!("NAMED"));
    post(name, language, [("components", components.clone()), format])
}

/// Creates a template from Meta's library, where it is called `library_name`.
///
/// Permission: `page_utility_messaging`. Meta refuses with code 100 when the library has no such
/// template.
///
/// # Errors
///
/// [`Error::Message`] when a name or the language is blank.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/utility-messages>
#[doc(alias = "library_template_name")]
pub fn create_from_library(
    name: &str,
    language: &str,
    library_name: &str,
) -> Result<Call<MessageTemplate>, Error> {
    required("the name in the library", library_name, usize::MAX)?;
    let library_name = ("library_template_name", json!(library_name));
    post(name, language, [library_name])
}

/// Lists the templates of the Page.
///
/// Permission: `page_utility_messaging`.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/utility-messages>
pub fn list() -> Call<ListPage<MessageTemplate>> {
    let call = Call::get(edge(), |response: &Response| {
        ListPage::read(response, MessageTemplate::read)
    });
    call.with_query("fields", "id,name,language,status,category")
}

/// Deletes the template with this name, in all languages. That Meta identifies it by name is not
/// documented for Messenger; Meta's API for WhatsApp does.
///
/// Permission: `page_utility_messaging`. Meta refuses with code 100 when there is no such template.
///
/// # Errors
///
/// [`Error::Message`] when the name is blank.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/utility-messages>
pub fn delete(name: &str) -> Result<Call<()>, Error> {
    // Without a name the call could mean all templates.
    required("the name of the template", name, usize::MAX)?;
    Ok(Call::delete(edge(), Response::success).with_query("name", name))
}

fn edge() -> Path {
    Path::me().edge("message_templates")
}

fn post(
    name: &str,
    language: &str,
    members: impl IntoIterator<Item = (&'static str, Value)>,
) -> Result<Call<MessageTemplate>, Error> {
    required("the name of the template", name, usize::MAX)?;
    required("the language of the template", language, usize::MAX)?;
    let mut body = Map::new();
    let fixed = [
        ("name", json!(name)),
        ("language", json!(language)),
        ("category", json!("UTILITY")),
    ];
    for (name, value) in fixed.into_iter().chain(members) {
        body.insert(name.to_owned(), value);
    }
    let call = Call::post(edge(), |response: &Response| {
        MessageTemplate::read(response.object()).ok_or_else(|| response.unexpected())
    });
    Ok(with_body(call, &Value::Object(body)))
}
