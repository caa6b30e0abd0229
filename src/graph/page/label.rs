//! Labels that a Page keeps at Meta.
//!
//! An admin of the Page must have accepted the *Page Contact Terms*, else Meta refuses with
//! 2/2018344.

use serde_json::json;

use super::edge;
use crate::graph::send::InvalidMessage;
use crate::graph::send::invalid::required;
use crate::graph::{Answer, Call, Endpoint, Error, Listing, Object, Paging, Path};
use crate::id::{LabelId, PageId, Psid};

const NAME: &str = "page_label_name";

/// A label that a Page keeps at Meta.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Label {
    /// Its id.
    pub id: LabelId,
    /// What it says.
    pub name: Option<String>,
}

impl Label {
    fn read(label: Object<'_>) -> Option<Self> {
        Some(Self {
            id: LabelId::new(label.id("id")?).ok()?,
            name: label.text(NAME).or_else(|| label.text("name")),
        })
    }
}

/// Makes a label.
///
/// Meta: [Custom labels](https://developers.facebook.com/docs/messenger-platform/identity/custom-labels)
#[derive(Clone, Debug)]
pub struct CreateLabel {
    page: PageId,
    name: String,
}

impl CreateLabel {
    /// A label that says this.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when it says nothing.
    pub fn new(page: PageId, name: impl Into<String>) -> Result<Self, InvalidMessage> {
        let name = name.into();
        required("the label", &name, usize::MAX)?;
        Ok(Self { page, name })
    }
}

impl Endpoint for CreateLabel {
    type Output = LabelId;

    fn call(&self) -> Result<Call, Error> {
        Call::post(edge(&self.page, "custom_labels")?)
            .for_page(&self.page)
            .with_json(&json!({ NAME: self.name }))
    }

    fn read(&self, answer: &Answer) -> Result<LabelId, Error> {
        let id = answer.object().id("id");
        id.and_then(|id| LabelId::new(id).ok())
            .ok_or_else(|| answer.unexpected())
    }
}

/// Lists a Page's labels.
///
/// Meta: [Custom labels](https://developers.facebook.com/docs/messenger-platform/identity/custom-labels)
#[derive(Clone, Debug)]
pub struct Labels {
    page: PageId,
    paging: Paging,
}

impl Labels {
    /// Those of this Page.
    pub fn new(page: PageId, paging: Paging) -> Self {
        Self { page, paging }
    }
}

impl Endpoint for Labels {
    type Output = Listing<Label>;

    fn call(&self) -> Result<Call, Error> {
        let call = Call::get(edge(&self.page, "custom_labels")?).for_page(&self.page);
        Ok(self.paging.apply(call.with_query("fields", NAME)))
    }

    fn read(&self, answer: &Answer) -> Result<Self::Output, Error> {
        Ok(Listing::read(answer, Label::read))
    }
}

/// Lists a customer's labels.
///
/// Meta: [Custom labels](https://developers.facebook.com/docs/messenger-platform/identity/custom-labels)
#[derive(Clone, Debug)]
pub struct LabelsOf {
    psid: Psid,
    paging: Paging,
}

impl LabelsOf {
    /// Those of this customer.
    pub fn new(psid: Psid, paging: Paging) -> Self {
        Self { psid, paging }
    }
}

impl Endpoint for LabelsOf {
    type Output = Listing<Label>;

    fn call(&self) -> Result<Call, Error> {
        let path = Path::node(self.psid.as_str())?.edge("custom_labels");
        Ok(self
            .paging
            .apply(Call::get(path).with_query("fields", NAME)))
    }

    fn read(&self, answer: &Answer) -> Result<Self::Output, Error> {
        Ok(Listing::read(answer, Label::read))
    }
}

/// Reads one label.
///
/// Meta: [Custom labels](https://developers.facebook.com/docs/messenger-platform/identity/custom-labels)
#[derive(Clone, Debug)]
pub struct ReadLabel(LabelId);

impl ReadLabel {
    /// This one.
    pub fn new(id: LabelId) -> Self {
        Self(id)
    }
}

impl Endpoint for ReadLabel {
    type Output = Label;

    fn call(&self) -> Result<Call, Error> {
        Ok(Call::get(Path::node(self.0.as_str())?).with_query("fields", NAME))
    }

    fn read(&self, answer: &Answer) -> Result<Label, Error> {
        Label::read(answer.object()).ok_or_else(|| answer.unexpected())
    }
}

/// Puts a label on a customer.
///
/// Meta: [Custom labels](https://developers.facebook.com/docs/messenger-platform/identity/custom-labels)
#[derive(Clone, Debug)]
pub struct AddLabel {
    label: LabelId,
    psid: Psid,
}

impl AddLabel {
    /// This label on this customer.
    pub fn new(label: LabelId, psid: Psid) -> Self {
        Self { label, psid }
    }
}

impl Endpoint for AddLabel {
    type Output = ();

    fn call(&self) -> Result<Call, Error> {
        let path = Path::node(self.label.as_str())?.edge("label");
        Call::post(path).with_json(&json!({ "user": self.psid }))
    }

    fn read(&self, answer: &Answer) -> Result<(), Error> {
        answer.done()
    }
}

/// Takes a label off a customer.
///
/// Meta: [Custom labels](https://developers.facebook.com/docs/messenger-platform/identity/custom-labels)
#[derive(Clone, Debug)]
pub struct RemoveLabel {
    label: LabelId,
    psid: Psid,
}

impl RemoveLabel {
    /// This label off this customer.
    pub fn new(label: LabelId, psid: Psid) -> Self {
        Self { label, psid }
    }
}

impl Endpoint for RemoveLabel {
    type Output = ();

    fn call(&self) -> Result<Call, Error> {
        let path = Path::node(self.label.as_str())?.edge("label");
        Ok(Call::delete(path).with_query("user", self.psid.as_str()))
    }

    fn read(&self, answer: &Answer) -> Result<(), Error> {
        answer.done()
    }
}

/// Deletes a label, from all customers.
///
/// Meta: [Custom labels](https://developers.facebook.com/docs/messenger-platform/identity/custom-labels)
#[derive(Clone, Debug)]
pub struct DeleteLabel(LabelId);

impl DeleteLabel {
    /// This one.
    pub fn new(id: LabelId) -> Self {
        Self(id)
    }
}

impl Endpoint for DeleteLabel {
    type Output = ();

    fn call(&self) -> Result<Call, Error> {
        Ok(Call::delete(Path::node(self.0.as_str())?))
    }

    fn read(&self, answer: &Answer) -> Result<(), Error> {
        answer.done()
    }
}
