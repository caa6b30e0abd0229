//! Labels of customers, stored at Meta.
//!
//! They are also visible in the Page's inbox at Meta. An admin of the Page must have accepted the
//! *Page Contact Terms*. Otherwise Meta refuses these calls with code 2 and subcode 2018344.
//!
//! ```
//! use messenger_crm::graph::page::labels;
//! # use messenger_crm::graph::{Access, AppAccess, ScriptedTransport};
//! # use messenger_crm::id::{AppId, PageId, Psid};
//! # use messenger_crm::secret::{AppSecret, PageToken};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let script = ScriptedTransport::new();
//! # script.json(200, r#"{"id":"1001"}"#);
//! # script.json(200, r#"{"success":true}"#);
//! # script.json(200, r#"{"data":[{"id":"1001","page_label_name":"VIP"}]}"#);
//! # let app = AppAccess::new(AppId::new("27182818")?, AppSecret::new("60efff025951")?);
//! # let access = Access::new(app, PageId::new("1755847768034402")?, PageToken::new("EAAtoken")?);
//! # let page = script.graph().page(access);
//! let customer = Psid::new("7324561089432101")?;
//! let vip = page.call(&labels::create("VIP")?).await?;
//! page.call(&labels::add(&vip, &customer)?).await?;
//! let found = page.walk(&labels::list_of(&customer)?, 100).await?;
//! assert_eq!(found.items[0].name.as_deref(), Some("VIP"));
//! # Ok(())
//! # }
//! ```
//!
//! <https://developers.facebook.com/docs/messenger-platform/identity/custom-labels>

use std::fmt;

use serde_json::json;

use super::with_body;
use crate::graph::send::invalid::required;
use crate::graph::{Call, Error, ListPage, Object, Path, Response};
use crate::id::{LabelId, Psid};

const NAME: &str = "page_label_name";

/// A label of the Page at Meta. `Debug` shows the id only.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Label {
    /// Id of the label.
    pub id: LabelId,
    /// Name that the Page's people see. Absent when Meta leaves it out.
    #[doc(alias = "page_label_name")]
    pub name: Option<String>,
}

impl Label {
    /// Creates a label, for tests.
    pub fn new(id: LabelId, name: impl Into<String>) -> Self {
        Self {
            id,
            name: Some(name.into()),
        }
    }

    fn read(label: Object<'_>) -> Option<Self> {
        Some(Self {
            id: LabelId::new(label.id("id")?).ok()?,
            name: label.text(NAME).or_else(|| label.text("name")),
        })
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Label")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Creates a label and returns its id.
///
/// Permission: `pages_manage_metadata`.
///
/// # Errors
///
/// [`Error::Message`] when the name is blank.
///
/// <https://developers.facebook.com/docs/messenger-platform/identity/custom-labels>
#[doc(alias = "custom_labels")]
pub fn create(name: &str) -> Result<Call<LabelId>, Error> {
    required("the name of the label", name, usize::MAX)?;
    let call = Call::post(Path::me().edge("custom_labels"), |response: &Response| {
        let id = response.object().id("id");
        id.and_then(|id| LabelId::new(id).ok())
            .ok_or_else(|| response.unexpected())
    });
    Ok(with_body(call, &json!({ NAME: name })))
}

/// Lists the labels of the Page.
///
/// Permission: `pages_manage_metadata`.
///
/// <https://developers.facebook.com/docs/messenger-platform/identity/custom-labels>
pub fn list() -> Call<ListPage<Label>> {
    read_list(Path::me())
}

/// Lists the labels of a customer.
///
/// Permission: `pages_manage_metadata`. Meta refuses with code 100 and subcode 33 for the PSID of
/// another Page.
///
/// # Errors
///
/// [`Error::InvalidId`] when the PSID cannot be part of a URL.
///
/// <https://developers.facebook.com/docs/messenger-platform/identity/custom-labels>
pub fn list_of(psid: &Psid) -> Result<Call<ListPage<Label>>, Error> {
    Ok(read_list(Path::node(psid.as_str())?))
}

/// Reads one label.
///
/// Permission: `pages_manage_metadata`. Meta refuses with code 100 and subcode 33 when there is no
/// such label.
///
/// # Errors
///
/// [`Error::InvalidId`] when the id cannot be part of a URL.
///
/// <https://developers.facebook.com/docs/messenger-platform/identity/custom-labels>
pub fn get(label: &LabelId) -> Result<Call<Label>, Error> {
    let call = Call::get(Path::node(label.as_str())?, |response: &Response| {
        Label::read(response.object()).ok_or_else(|| response.unexpected())
    });
    Ok(call.with_query("fields", NAME))
}

/// Adds a label to a customer.
///
/// Permission: `pages_manage_metadata`. Meta refuses with code 100 and subcode 2018001 when the Page
/// knows nobody with this PSID.
///
/// # Errors
///
/// [`Error::InvalidId`] when the label's id cannot be part of a URL.
///
/// <https://developers.facebook.com/docs/messenger-platform/identity/custom-labels>
pub fn add(label: &LabelId, psid: &Psid) -> Result<Call<()>, Error> {
    let path = Path::node(label.as_str())?.edge("label");
    let call = Call::post(path, Response::success);
    Ok(with_body(call, &json!({ "user": psid })))
}

/// Removes a label from a customer.
///
/// Permission: `pages_manage_metadata`. Meta refuses as for [`add`].
///
/// # Errors
///
/// [`Error::InvalidId`] when the label's id cannot be part of a URL.
///
/// <https://developers.facebook.com/docs/messenger-platform/identity/custom-labels>
pub fn remove(label: &LabelId, psid: &Psid) -> Result<Call<()>, Error> {
    let path = Path::node(label.as_str())?.edge("label");
    Ok(Call::delete(path, Response::success).with_query("user", psid.as_str()))
}

/// Deletes a label, which removes it from all customers.
///
/// Permission: `pages_manage_metadata`. Meta refuses with code 100 and subcode 33 when there is no
/// such label.
///
/// # Errors
///
/// [`Error::InvalidId`] when the id cannot be part of a URL.
///
/// <https://developers.facebook.com/docs/messenger-platform/identity/custom-labels>
pub fn delete(label: &LabelId) -> Result<Call<()>, Error> {
    Ok(Call::delete(Path::node(label.as_str())?, Response::success))
}

fn read_list(owner: Path) -> Call<ListPage<Label>> {
    let call = Call::get(owner.edge("custom_labels"), |response: &Response| {
        ListPage::read(response, Label::read)
    });
    call.with_query("fields", NAME)
}
