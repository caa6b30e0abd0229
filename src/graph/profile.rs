//! Who a customer is.

use std::fmt;

use super::{Access, Answer, ApiError, Call, Endpoint, Error, Graph, Path, PictureUrl};
use crate::id::Psid;

const FIELDS: &str = "id,name,first_name,last_name,profile_pic";

/// What Meta tells about a person; its `Debug` shows only what is there.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Profile {
    /// The person's id, as Meta repeats it.
    pub id: Option<Psid>,
    /// The full name.
    pub name: Option<String>,
    /// The first name.
    pub first_name: Option<String>,
    /// The last name, which not everybody has.
    pub last_name: Option<String>,
    /// Where the picture lies, for about 30 days.
    pub picture: Option<PictureUrl>,
    /// The language and country, such as `en_US`, when it was asked for and is permitted.
    pub locale: Option<String>,
    /// How many hours the person's clock is ahead of UTC, when it was asked for and is permitted;
    /// it may be negative or fractional.
    pub timezone_hours: Option<f64>,
    /// `male` or `female`, when it was asked for and is permitted.
    pub gender: Option<String>,
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("has_name", &self.name.is_some())
            .field("has_first_name", &self.first_name.is_some())
            .field("has_last_name", &self.last_name.is_some())
            .field("has_picture", &self.picture.is_some())
            .finish_non_exhaustive()
    }
}

/// A person's profile, or why there is none: both are ordinary.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ProfileOutcome {
    /// What Meta tells.
    Known(Profile),
    /// Meta tells nothing. Keep the customer without a name, and do not ask with each message.
    Nobody(NoProfile),
}

impl ProfileOutcome {
    /// The profile, if there is one.
    pub fn known(self) -> Option<Profile> {
        match self {
            Self::Known(profile) => Some(profile),
            Self::Nobody(_) => None,
        }
    }
}

/// Why Meta tells nothing about a person.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum NoProfile {
    /// The app may not see this profile, or none (`{}`, 100/2018247, 230): it lacks the feature
    /// *Business Asset User Profile Access*, or the person has not agreed. Ask again when that has
    /// changed.
    NotPermitted,
    /// The person has none that could be read (2018218): an account made with a phone number,
    /// closed, of a minor, of some regions. For good.
    Unavailable,
    /// Nobody with this PSID is known to this Page (100/33): the PSID of another Page, an id of
    /// another kind, or a person who is gone. For good.
    Unknown,
}

/// Asks who a person is, of the Page they wrote to.
///
/// Works once they have written, tapped *Get Started* or accepted a message request. Names and the
/// picture need the feature *Business Asset User Profile Access*.
///
/// Meta: [User profile](https://developers.facebook.com/docs/messenger-platform/identity/user-profile)
#[derive(Clone, Debug)]
pub struct ProfileOf {
    psid: Psid,
    fields: String,
}

impl ProfileOf {
    /// Names and picture of this person.
    pub fn new(psid: Psid) -> Self {
        Self {
            psid,
            fields: FIELDS.to_owned(),
        }
    }

    /// The same with the locale, which needs the permission `pages_user_locale`.
    ///
    /// One field that may not be read makes Meta refuse them all: then ask without it.
    pub fn with_locale(self) -> Self {
        self.with_field("locale")
    }

    /// The same with the time zone, which needs the permission `pages_user_timezone`.
    ///
    /// One field that may not be read makes Meta refuse them all: then ask without it.
    pub fn with_timezone(self) -> Self {
        self.with_field("timezone")
    }

    /// The same with the gender, which needs the permission `pages_user_gender`.
    ///
    /// One field that may not be read makes Meta refuse them all: then ask without it.
    pub fn with_gender(self) -> Self {
        self.with_field("gender")
    }

    fn with_field(mut self, field: &str) -> Self {
        self.fields.extend([",", field]);
        self
    }
}

impl Endpoint for ProfileOf {
    type Output = ProfileOutcome;

    fn call(&self) -> Result<Call, Error> {
        let call = Call::get(Path::node(self.psid.as_str())?);
        Ok(call.with_query("fields", self.fields.as_str()))
    }

    fn read(&self, answer: &Answer) -> Result<ProfileOutcome, Error> {
        let answer = answer.object();
        let profile = Profile {
            id: answer.id("id").and_then(|id| Psid::new(id).ok()),
            name: answer.text("name"),
            first_name: answer.text("first_name"),
            last_name: answer.text("last_name"),
            picture: answer.text("profile_pic").map(PictureUrl::new),
            locale: answer.text("locale"),
            timezone_hours: answer.decimal("timezone"),
            gender: answer.text("gender"),
        };
        let is_empty = profile.name.is_none()
            && profile.first_name.is_none()
            && profile.last_name.is_none()
            && profile.picture.is_none();
        Ok(if is_empty {
            ProfileOutcome::Nobody(NoProfile::NotPermitted)
        } else {
            ProfileOutcome::Known(profile)
        })
    }

    fn refused(&self, refusal: ApiError) -> Result<ProfileOutcome, Error> {
        let why = match (refusal.code, refusal.subcode) {
            _ if refusal.is(2_018_218) => NoProfile::Unavailable,
            _ if refusal.is(2_018_247) => NoProfile::NotPermitted,
            (Some(230), _) => NoProfile::NotPermitted,
            (Some(100), Some(33)) => NoProfile::Unknown,
            _ => return Err(refusal.into()),
        };
        Ok(ProfileOutcome::Nobody(why))
    }
}

impl Graph {
    /// A person's profile, or why there is none.
    ///
    /// # Errors
    ///
    /// [`Error`] when Meta refuses, or cannot be asked. None of them is a reason to lose the
    /// person's message.
    ///
    /// Meta: [User profile](https://developers.facebook.com/docs/messenger-platform/identity/user-profile)
    pub async fn profile(&self, access: &Access, psid: &Psid) -> Result<ProfileOutcome, Error> {
        self.call(access, &ProfileOf::new(psid.clone())).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::script::{PROOF, Script, access, block_on};
    use super::*;

    fn profile(status: u16, body: &str) -> Result<ProfileOutcome, Error> {
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
        let peter = profile(200, PETER).unwrap().known().unwrap();
        assert_eq!(peter.id.as_ref().unwrap().as_str(), "1254477777772919");
        assert_eq!(peter.name, None);
        assert_eq!(peter.first_name.as_deref(), Some("Peter"));
        assert_eq!(peter.last_name.as_deref(), Some("Chang"));
        assert!(peter.picture.is_some());
        assert_eq!(
            format!("{peter:?}"),
            "Profile { has_name: false, has_first_name: true, has_last_name: true, \
             has_picture: true, .. }"
        );
    }

    #[test]
    fn an_empty_text_is_absent() {
        let yijun = r#"{"id":"1","name":"Yijun","last_name":"","first_name":" ","profile_pic":""}"#;
        let yijun = profile(200, yijun).unwrap().known().unwrap();
        assert_eq!(yijun.name.as_deref(), Some("Yijun"));
        assert_eq!((yijun.first_name, yijun.last_name), (None, None));
        assert_eq!(yijun.picture, None);
    }

    #[test]
    fn c19_no_profile_is_an_ordinary_outcome() {
        let refused = |code: i64, subcode: i64| {
            let error = serde_json::json!({"error": {"code": code, "error_subcode": subcode}});
            profile(400, &error.to_string())
        };
        for (outcome, why) in [
            (profile(200, "{}"), NoProfile::NotPermitted),
            (
                profile(200, r#"{"id":"1254477777772919"}"#),
                NoProfile::NotPermitted,
            ),
            (refused(100, 2_018_247), NoProfile::NotPermitted),
            (refused(230, 0), NoProfile::NotPermitted),
            (refused(100, 2_018_218), NoProfile::Unavailable),
            (refused(2_018_218, 0), NoProfile::Unavailable),
            (refused(100, 33), NoProfile::Unknown),
        ] {
            assert_eq!(outcome.unwrap(), ProfileOutcome::Nobody(why));
        }
        for (code, subcode) in [(100, 0), (190, 463), (10, 0), (32, 0), (33, 100)] {
            assert!(
                matches!(refused(code, subcode), Err(Error::Api(_))),
                "{code}"
            );
        }
    }

    #[test]
    fn more_is_told_when_it_is_asked_for() {
        let script = Script::json(200, PETER);
        let all = ProfileOf::new(Psid::new("1254477777772919").unwrap());
        let all = all.with_locale().with_timezone().with_gender();
        let peter = block_on(script.graph().call(&access(), &all)).unwrap();
        let peter = peter.known().unwrap();
        assert_eq!(peter.locale.as_deref(), Some("en_US"));
        assert_eq!(peter.timezone_hours, Some(-7.0));
        assert_eq!(peter.gender.as_deref(), Some("male"));
        let url = script.asked().unwrap().url;
        assert!(url.contains("profile_pic,locale,timezone,gender&"), "{url}");
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
