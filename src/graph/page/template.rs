//! The Page's utility templates, which Meta approves before they can be sent.

use serde_json::{Map, Value, json};

use super::edge;
use crate::graph::send::InvalidMessage;
use crate::graph::send::invalid::required;
use crate::graph::{Answer, Call, Endpoint, Error, Listing, Object, Paging};
use crate::id::PageId;

/// A utility template, as Meta keeps it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PageTemplate {
    /// Its id.
    pub id: String,
    /// Its name, for [`UtilityTemplate`](crate::graph::send::UtilityTemplate).
    pub name: Option<String>,
    /// Its language.
    pub language: Option<String>,
    /// Such as `APPROVED`, `PENDING` or `REJECTED`; an open set.
    pub status: Option<String>,
    /// Such as `UTILITY`.
    pub category: Option<String>,
}

impl PageTemplate {
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

/// Makes a utility template, from your own words or from Meta's library.
///
/// Needs `page_utility_messaging`.
///
/// Meta: [Utility messages](https://developers.facebook.com/docs/messenger-platform/send-messages/utility-messages)
#[derive(Clone, Debug)]
pub struct CreateTemplate {
    page: PageId,
    body: Map<String, Value>,
}

impl CreateTemplate {
    /// A template in your own words; `components` is in Meta's own shape.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when name or language are blank.
    pub fn new(
        page: PageId,
        name: &str,
        language: &str,
        components: Value,
    ) -> Result<Self, InvalidMessage> {
        Self::with(page, name, language, "components", components)
    }

    /// A template of Meta's library, by its name there.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when name or language are blank.
    pub fn from_library(
        page: PageId,
        name: &str,
        language: &str,
        library_name: &str,
    ) -> Result<Self, InvalidMessage> {
        let library_name = json!(library_name);
        Self::with(page, name, language, "library_template_name", library_name)
    }

    /// The same with places that have names instead of numbers.
    pub fn with_named_parameters(mut self) -> Self {
        let format = "parameter_format".to_owned();
        self.body.insert(format, json!("NAMED"));
        self
    }

    fn with(
        page: PageId,
        name: &str,
        language: &str,
        what: &str,
        value: Value,
    ) -> Result<Self, InvalidMessage> {
        required("the name of the template", name, usize::MAX)?;
        required("the language of the template", language, usize::MAX)?;
        let mut body = Map::new();
        body.insert("name".to_owned(), json!(name));
        body.insert("language".to_owned(), json!(language));
        body.insert("category".to_owned(), json!("UTILITY"));
        body.insert(what.to_owned(), value);
        Ok(Self { page, body })
    }
}

impl Endpoint for CreateTemplate {
    type Output = PageTemplate;

    fn call(&self) -> Result<Call, Error> {
        Call::post(edge(&self.page, "message_templates")?)
            .for_page(&self.page)
            .with_json(&self.body)
    }

    fn read(&self, answer: &Answer) -> Result<PageTemplate, Error> {
        PageTemplate::read(answer.object()).ok_or_else(|| answer.unexpected())
    }
}

/// Lists a Page's templates.
///
/// Meta: [Utility messages](https://developers.facebook.com/docs/messenger-platform/send-messages/utility-messages)
#[derive(Clone, Debug)]
pub struct Templates {
    page: PageId,
    paging: Paging,
}

impl Templates {
    /// Those of this Page.
    pub fn new(page: PageId, paging: Paging) -> Self {
        Self { page, paging }
    }
}

impl Endpoint for Templates {
    type Output = Listing<PageTemplate>;

    fn call(&self) -> Result<Call, Error> {
        let call = Call::get(edge(&self.page, "message_templates")?).for_page(&self.page);
        Ok(self
            .paging
            .apply(call.with_query("fields", "id,name,language,status,category")))
    }

    fn read(&self, answer: &Answer) -> Result<Self::Output, Error> {
        Ok(Listing::read(answer, PageTemplate::read))
    }
}

/// Deletes a template, in all languages. That it is named by its name is inferred.
///
/// Meta: [Utility messages](https://developers.facebook.com/docs/messenger-platform/send-messages/utility-messages)
#[derive(Clone, Debug)]
pub struct DeleteTemplate {
    page: PageId,
    name: String,
}

impl DeleteTemplate {
    /// The one of this name.
    pub fn new(page: PageId, name: impl Into<String>) -> Self {
        Self {
            page,
            name: name.into(),
        }
    }
}

impl Endpoint for DeleteTemplate {
    type Output = ();

    fn call(&self) -> Result<Call, Error> {
        Ok(Call::delete(edge(&self.page, "message_templates")?)
            .for_page(&self.page)
            .with_query("name", self.name.as_str()))
    }

    fn read(&self, answer: &Answer) -> Result<(), Error> {
        answer.done()
    }
}
