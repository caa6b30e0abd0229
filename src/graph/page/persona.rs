//! Other names and pictures for a Page to write under.

use serde_json::json;

use super::edge;
use crate::graph::send::InvalidMessage;
use crate::graph::send::invalid::{address, required};
use crate::graph::{Answer, Call, Endpoint, Error, Listing, Object, Paging, Path, PictureUrl};
use crate::id::{PageId, PersonaId};

/// The longest name of a persona, in UTF-16 units.
const MAX_NAME_UNITS: usize = 50;

/// Another name and picture for the Page to write under.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Persona {
    /// Its id, for [`Message::with_persona`](crate::graph::Message::with_persona).
    pub id: PersonaId,
    /// The name that customers see.
    pub name: Option<String>,
    /// Where the picture is.
    pub picture: Option<PictureUrl>,
}

impl Persona {
    fn read(persona: Object<'_>) -> Option<Self> {
        Some(Self {
            id: PersonaId::new(persona.id("id")?).ok()?,
            name: persona.text("name"),
            picture: persona.text("profile_picture_url").map(PictureUrl::new),
        })
    }
}

/// Makes a persona.
///
/// Meta: [Personas](https://developers.facebook.com/docs/messenger-platform/send-messages/personas)
#[derive(Clone, Debug)]
pub struct CreatePersona {
    page: PageId,
    name: String,
    picture_url: String,
}

impl CreatePersona {
    /// A name of at most 50 UTF-16 units, and where a picture of at most 8 MB is.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when the name is blank or too long, or the address is none.
    pub fn new(
        page: PageId,
        name: impl Into<String>,
        picture_url: impl Into<String>,
    ) -> Result<Self, InvalidMessage> {
        let (name, picture_url) = (name.into(), picture_url.into());
        required("the name of the persona", &name, MAX_NAME_UNITS)?;
        address("the picture of the persona", &picture_url)?;
        Ok(Self {
            page,
            name,
            picture_url,
        })
    }
}

impl Endpoint for CreatePersona {
    type Output = PersonaId;

    fn call(&self) -> Result<Call, Error> {
        Call::post(edge(&self.page, "personas")?)
            .for_page(&self.page)
            .with_json(&json!({"name": self.name, "profile_picture_url": self.picture_url}))
    }

    fn read(&self, answer: &Answer) -> Result<PersonaId, Error> {
        let id = answer.object().id("id");
        id.and_then(|id| PersonaId::new(id).ok())
            .ok_or_else(|| answer.unexpected())
    }
}

/// Lists a Page's personas.
///
/// Meta: [Personas](https://developers.facebook.com/docs/messenger-platform/send-messages/personas)
#[derive(Clone, Debug)]
pub struct Personas {
    page: PageId,
    paging: Paging,
}

impl Personas {
    /// Those of this Page.
    pub fn new(page: PageId, paging: Paging) -> Self {
        Self { page, paging }
    }
}

impl Endpoint for Personas {
    type Output = Listing<Persona>;

    fn call(&self) -> Result<Call, Error> {
        let call = Call::get(edge(&self.page, "personas")?).for_page(&self.page);
        Ok(self.paging.apply(call))
    }

    fn read(&self, answer: &Answer) -> Result<Self::Output, Error> {
        Ok(Listing::read(answer, Persona::read))
    }
}

/// Reads one persona.
///
/// Meta: [Personas](https://developers.facebook.com/docs/messenger-platform/send-messages/personas)
#[derive(Clone, Debug)]
pub struct ReadPersona(PersonaId);

impl ReadPersona {
    /// This one.
    pub fn new(id: PersonaId) -> Self {
        Self(id)
    }
}

impl Endpoint for ReadPersona {
    type Output = Persona;

    fn call(&self) -> Result<Call, Error> {
        let call = Call::get(Path::node(self.0.as_str())?);
        Ok(call.with_query("fields", "id,name,profile_picture_url"))
    }

    fn read(&self, answer: &Answer) -> Result<Persona, Error> {
        Persona::read(answer.object()).ok_or_else(|| answer.unexpected())
    }
}

/// Deletes a persona.
///
/// Meta: [Personas](https://developers.facebook.com/docs/messenger-platform/send-messages/personas)
#[derive(Clone, Debug)]
pub struct DeletePersona(PersonaId);

impl DeletePersona {
    /// This one.
    pub fn new(id: PersonaId) -> Self {
        Self(id)
    }
}

impl Endpoint for DeletePersona {
    type Output = ();

    fn call(&self) -> Result<Call, Error> {
        Ok(Call::delete(Path::node(self.0.as_str())?))
    }

    fn read(&self, answer: &Answer) -> Result<(), Error> {
        answer.done()
    }
}
