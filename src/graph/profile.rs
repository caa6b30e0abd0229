//! Who a customer is.

use std::fmt;

use super::{Access, Error, Graph, PictureUrl, segment};
use crate::id::Psid;

const FIELDS: &str = "id,name,first_name,last_name,profile_pic";

/// Meta's subcode for a person who has no profile that an app could read.
const NO_PROFILE: i64 = 2_018_218;

/// What Meta tells about a person; its `Debug` shows only what is there.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Profile {
    /// The full name.
    pub name: Option<String>,
    /// The first name.
    pub first_name: Option<String>,
    /// The last name, which not everybody has.
    pub last_name: Option<String>,
    /// Where the picture lies, for about 30 days.
    pub picture: Option<PictureUrl>,
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("has_name", &self.name.is_some())
            .field("has_first_name", &self.first_name.is_some())
            .field("has_last_name", &self.last_name.is_some())
            .field("has_picture", &self.picture.is_some())
            .finish()
    }
}

impl Graph {
    /// A person's profile, or nothing when Meta has none to show.
    ///
    /// # Errors
    ///
    /// [`Error`] when Meta refuses, or cannot be asked. None of them is a reason to lose the
    /// person's message.
    ///
    /// <https://developers.facebook.com/docs/messenger-platform/identity/user-profile>
    pub async fn profile(&self, access: &Access, psid: &Psid) -> Result<Option<Profile>, Error> {
        let path = segment(psid.as_str())?;
        let answer = match self.call(access, path, Some(FIELDS), None).await {
            Err(Error::Api(error)) if error.is(NO_PROFILE) => return Ok(None),
            answer => answer?,
        };
        let profile = Profile {
            name: answer.text("name"),
            first_name: answer.text("first_name"),
            last_name: answer.text("last_name"),
            picture: answer.text("profile_pic").map(PictureUrl::new),
        };
        let is_empty = profile.name.is_none()
            && profile.first_name.is_none()
            && profile.last_name.is_none()
            && profile.picture.is_none();
        Ok((!is_empty).then_some(profile))
    }
}
