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

#[cfg(test)]
mod tests {
    use super::super::script::{PROOF, Script, access, block_on};
    use super::*;

    fn profile(status: u16, body: &str) -> Result<Option<Profile>, Error> {
        let psid = Psid::new("1254477777772919").unwrap();
        block_on(Script::json(status, body).graph().profile(&access(), &psid))
    }

    // platform.md 5.1
    const PETER: &str = r#"{ "first_name": "Peter", "last_name": "Chang",
        "profile_pic": "https://platform-lookaside.fbsbx.com/platform/profilepic/?psid=1",
        "locale": "en_US", "timezone": -7, "gender": "male", "id": "1254477777772919" }"#;

    #[test]
    fn a_profile_is_asked_for_by_psid() {
        let script = Script::json(200, "{}");
        let psid = Psid::new("1254477777772919").unwrap();
        block_on(script.graph().profile(&access(), &psid)).unwrap();
        assert_eq!(
            script.asked().unwrap().url,
            format!(
                "https://graph.facebook.com/v26.0/1254477777772919\
                 ?fields=id,name,first_name,last_name,profile_pic&appsecret_proof={PROOF}"
            )
        );
    }

    #[test]
    fn a_profile_keeps_what_is_there() {
        let peter = profile(200, PETER).unwrap().unwrap();
        assert_eq!(peter.name, None);
        assert_eq!(peter.first_name.as_deref(), Some("Peter"));
        assert_eq!(peter.last_name.as_deref(), Some("Chang"));
        assert!(peter.picture.is_some());
        assert_eq!(
            format!("{peter:?}"),
            "Profile { has_name: false, has_first_name: true, has_last_name: true, \
             has_picture: true }"
        );
    }

    #[test]
    fn an_empty_text_is_absent() {
        let yijun = r#"{"id":"1","name":"Yijun","last_name":"","first_name":" ","profile_pic":""}"#;
        let yijun = profile(200, yijun).unwrap().unwrap();
        assert_eq!(yijun.name.as_deref(), Some("Yijun"));
        assert_eq!((yijun.first_name, yijun.last_name), (None, None));
        assert_eq!(yijun.picture, None);
    }

    #[test]
    fn nothing_to_show_is_no_profile() {
        assert_eq!(profile(200, "{}").unwrap(), None);
        assert_eq!(profile(200, r#"{"id":"1254477777772919"}"#).unwrap(), None);
        let none = r#"{"error":{"message":"(#100) No profile available for this user.",
            "type":"OAuthException","code":100,"error_subcode":2018218}}"#;
        assert_eq!(profile(400, none).unwrap(), None);
    }

    #[test]
    fn another_refusal_is_an_error() {
        let gone =
            r#"{"error":{"message":"Unsupported get request.","code":100,"error_subcode":33}}"#;
        assert!(matches!(profile(400, gone), Err(Error::Api(_))));
    }

    #[test]
    fn an_id_that_could_name_another_place_is_not_asked() {
        for id in [
            "..", ".", "me", "a/b", "a?b", "a#b", "a%2fb", "a b", "\u{e4}", "a\\b",
        ] {
            let script = Script::json(200, PETER);
            let psid = Psid::new(id).unwrap();
            let refused = block_on(script.graph().profile(&access(), &psid));
            assert!(matches!(refused, Err(Error::Id)), "{id}");
            assert!(script.asked().is_none(), "{id}");
        }
    }
}
