//! Personas: names and pictures under which the Page writes, such as those of an agent.
//!
//! [`OutgoingMessage::with_persona`](crate::graph::OutgoingMessage::with_persona) sends a message
//! under a persona. Permission: `pages_messaging`.
//!
//! ```
//! use messenger_crm::graph::page::personas;
//! # use messenger_crm::graph::{Access, AppAccess, ScriptedTransport};
//! # use messenger_crm::id::{AppId, PageId};
//! # use messenger_crm::secret::{AppSecret, PageToken};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let script = ScriptedTransport::new();
//! # script.json(200, r#"{"id":"7001"}"#);
//! # let app = AppAccess::new(AppId::new("27182818")?, AppSecret::new("60efff025951")?);
//! # let access = Access::new(app, PageId::new("1755847768034402")?, PageToken::new("EAAtoken")?);
//! # let page = script.graph().page(access);
//! let ada = personas::create("Ada, support", "https://shop.example/ada.png")?;
//! let id = page.call(&ada).await?;
//! assert_eq!(id.as_str(), "7001");
//! # Ok(())
//! # }
//! ```
//!
//! <https://developers.facebook.com/docs/messenger-platform/send-messages/personas>

use std::fmt;

use serde_json::json;

use super::with_body;
use crate::graph::send::invalid::{address, required};
use crate::graph::{Call, Error, ListPage, Object, Path, PictureUrl, Response};
use crate::id::PersonaId;

/// Longest name of a persona, in UTF-16 units.
const MAX_NAME_UNITS: usize = 50;

/// A persona. `Debug` shows the id only.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Persona {
    /// Id of the persona, for messages.
    pub id: PersonaId,
    /// Name that customers see. Absent when Meta leaves it out.
    pub name: Option<String>,
    /// Address of the picture. Absent when Meta leaves it out.
    #[doc(alias = "profile_picture_url")]
    pub picture: Option<PictureUrl>,
}

impl Persona {
    /// Creates a persona without a picture, for tests.
    pub fn new(id: PersonaId, name: impl Into<String>) -> Self {
        Self {
            id,
            name: Some(name.into()),
            picture: None,
        }
    }

    fn read(persona: Object<'_>) -> Option<Self> {
        Some(Self {
            id: PersonaId::new(persona.id("id")?).ok()?,
            name: persona.text("name"),
            picture: persona.text("profile_picture_url").map(PictureUrl::new),
        })
    }
}

impl fmt::Debug for Persona {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Persona")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Creates a persona and returns its id. The name has at most 50 UTF-16 units; Meta downloads the
/// picture, at most 8 MB.
///
/// Permission: `pages_messaging`. Meta refuses with code 100 when it cannot download the picture.
///
/// # Errors
///
/// [`Error::Message`] when the name is blank or too long, or `picture_url` is not a web address.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/personas>
pub fn create(name: &str, picture_url: &str) -> Result<Call<PersonaId>, Error> {
    required("the name of the persona", name, MAX_NAME_UNITS)?;
    address("the picture of the persona", picture_url)?;
    let call = Call::post(Path::me().edge("personas"), |response: &Response| {
        let id = response.object().id("id");
        id.and_then(|id| PersonaId::new(id).ok())
            .ok_or_else(|| response.unexpected())
    });
    let body = json!({"name": name, "profile_picture_url": picture_url});
    Ok(with_body(call, &body))
}

/// Lists the personas of the Page.
///
/// Permission: `pages_messaging`.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/personas>
pub fn list() -> Call<ListPage<Persona>> {
    Call::get(Path::me().edge("personas"), |response: &Response| {
        ListPage::read(response, Persona::read)
    })
}

/// Reads one persona.
///
/// Permission: `pages_messaging`. Meta refuses with code 100 and subcode 33 when there is no such
/// persona.
///
/// # Errors
///
/// [`Error::InvalidId`] when the id cannot be part of a URL.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/personas>
pub fn get(persona: &PersonaId) -> Result<Call<Persona>, Error> {
    let call = Call::get(Path::node(persona.as_str())?, |response: &Response| {
        Persona::read(response.object()).ok_or_else(|| response.unexpected())
    });
    Ok(call.with_query("fields", "id,name,profile_picture_url"))
}

/// Deletes a persona. Messages that were sent under it stay.
///
/// Permission: `pages_messaging`. Meta refuses with code 100 and subcode 33 when there is no such
/// persona.
///
/// # Errors
///
/// [`Error::InvalidId`] when the id cannot be part of a URL.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/personas>
pub fn delete(persona: &PersonaId) -> Result<Call<()>, Error> {
    Ok(Call::delete(
        Path::node(persona.as_str())?,
        Response::success,
    ))
}
