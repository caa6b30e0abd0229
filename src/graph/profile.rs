//! Profile of a customer: name and picture.
//!
//! Use [`PageClient::profile`]. It makes a second call without the picture when Meta refuses only
//! the picture. [`get_profile`] is the single call, for other fields.
//!
//! The app needs the feature *Business Asset User Profile Access*. A profile is available after the
//! customer has written, tapped *Get Started* or accepted a message request.
//!
//! ```
//! use messenger_crm::graph::{Access, AppAccess, ProfileOutcome, ScriptedTransport};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let script = ScriptedTransport::new();
//! script.json(200, r#"{"id":"7324561089432101","first_name":"Ada","last_name":"Lin"}"#);
//! # let app = AppAccess::new("1".parse()?, "60efff025951cddde78c8d03de52cc90".parse()?);
//! # let access = Access::new(app, "1755847768034402".parse()?, "EAAtoken".parse()?);
//! let page = script.graph().page(access);
//! match page.profile(&"7324561089432101".parse()?).await? {
//!     ProfileOutcome::Known(profile) => assert_eq!(profile.first_name.as_deref(), Some("Ada")),
//!     ProfileOutcome::Unavailable(reason) => println!("no name for now: {reason:?}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! <https://developers.facebook.com/docs/messenger-platform/identity/user-profile>

use std::fmt;

use super::{ApiError, Call, Error, PageClient, Path, PictureUrl, Response};
use crate::id::Psid;

/// Meta's code for a missing permission. For profiles it can mean the picture only.
const PERMISSION: i64 = 10;

/// Profile of a customer. `Debug` shows which fields are present, not their content.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Profile {
    /// PSID of the customer, from the response. Absent when Meta leaves it out.
    pub id: Option<Psid>,
    /// Full name. Absent when Meta leaves it out.
    pub name: Option<String>,
    /// First name. Absent when Meta leaves it out.
    pub first_name: Option<String>,
    /// Last name. Absent for people who have only one name.
    pub last_name: Option<String>,
    /// Address of the picture, valid for about 30 days. Absent when Meta does not show it.
    #[doc(alias = "profile_pic")]
    pub picture: Option<PictureUrl>,
    /// Language and country, such as `en_US`. Absent unless requested and permitted.
    pub locale: Option<String>,
    /// Offset of the customer's clock from UTC in hours; it can be negative or fractional. Absent
    /// unless requested and permitted.
    #[doc(alias = "timezone")]
    pub timezone_hours: Option<f64>,
    /// `male` or `female`. Absent unless requested and permitted.
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

/// Profile of a customer, or the reason why Meta returned none. Both are normal results.
///
/// The host handles each variant, so the enum is exhaustive.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums)]
pub enum ProfileOutcome {
    /// Meta returned a name or a picture.
    Known(Profile),
    /// Meta returned neither. Show the customer without a name. Read the profile again when they
    /// write next, but not within a few minutes: each of the reasons can be temporary.
    Unavailable(NoProfile),
}

impl ProfileOutcome {
    /// Returns the profile, or `None` when Meta returned none.
    pub fn known(self) -> Option<Profile> {
        match self {
            Self::Known(profile) => Some(profile),
            Self::Unavailable(_) => None,
        }
    }
}

/// Reason why Meta returned no profile.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum NoProfile {
    /// The app lacks *Business Asset User Profile Access*, or the customer has not agreed yet
    /// (`{}`, 100/2018247, 230). A customer who came through an ad agrees by writing.
    NotPermitted,
    /// The customer's profile is not readable (2018218): the account was made with a phone number,
    /// is closed, belongs to a minor or to some regions, or the customer has not written yet.
    NotReadable,
    /// The Page knows nobody with this PSID (100/33): it belongs to another Page, is an id of
    /// another kind, or the account is gone.
    NotFound,
}

/// Field of a profile, in addition to id and names.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ProfileField {
    /// Address of the picture.
    Picture,
    /// Language and country. Needs the permission `pages_user_locale`.
    Locale,
    /// Time zone. Needs the permission `pages_user_timezone`.
    Timezone,
    /// Gender. Needs the permission `pages_user_gender`.
    Gender,
}

impl ProfileField {
    /// Returns Meta's name of the field.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Picture => "profile_pic",
            Self::Locale => "locale",
            Self::Timezone => "timezone",
            Self::Gender => "gender",
        }
    }
}

/// Reads the names of a customer, and these fields. When the app may not read one field, Meta
/// refuses the whole call.
///
/// Permission: `pages_messaging` and *Business Asset User Profile Access*. [`NoProfile`] lists the
/// refusals that are normal results. Meta refuses with code 10 when the app may not read a field.
///
/// # Errors
///
/// [`Error::InvalidId`] when the PSID cannot be part of a URL.
///
/// <https://developers.facebook.com/docs/messenger-platform/identity/user-profile>
pub fn get_profile(psid: &Psid, fields: &[ProfileField]) -> Result<Call<ProfileOutcome>, Error> {
    let mut names = "id,name,first_name,last_name".to_owned();
    for field in fields {
        names.extend([",", field.as_str()]);
    }
    let call = Call::get(Path::node(psid.as_str())?, read);
    Ok(call.with_query("fields", names).with_refusal(refused))
}

fn read(response: &Response) -> Result<ProfileOutcome, Error> {
    let object = response.object();
    let profile = Profile {
        id: object.id("id").and_then(|id| Psid::new(id).ok()),
        name: object.text("name"),
        first_name: object.text("first_name"),
        last_name: object.text("last_name"),
        picture: object.text("profile_pic").map(PictureUrl::new),
        locale: object.text("locale"),
        timezone_hours: object.decimal("timezone"),
        gender: object.text("gender"),
    };
    let is_empty = profile.name.is_none()
        && profile.first_name.is_none()
        && profile.last_name.is_none()
        && profile.picture.is_none();
    Ok(if is_empty {
        ProfileOutcome::Unavailable(NoProfile::NotPermitted)
    } else {
        ProfileOutcome::Known(profile)
    })
}

fn refused(refusal: ApiError) -> Result<ProfileOutcome, Error> {
    let reason = match (refusal.code, refusal.subcode) {
        _ if refusal.is(2_018_218) => NoProfile::NotReadable,
        _ if refusal.is(2_018_247) => NoProfile::NotPermitted,
        (Some(230), _) => NoProfile::NotPermitted,
        (Some(100), Some(33)) => NoProfile::NotFound,
        _ => return Err(refusal.into()),
    };
    Ok(ProfileOutcome::Unavailable(reason))
}

impl PageClient {
    /// Reads the name of a customer and the address of the picture. It makes a second call without
    /// the picture when Meta refuses the first with code 10.
    ///
    /// Permission: `pages_messaging` and *Business Asset User Profile Access*.
    ///
    /// # Errors
    ///
    /// [`Error`] when Meta refuses for a reason that [`NoProfile`] does not list, or cannot be
    /// reached. Store the customer's message in any case.
    ///
    /// <https://developers.facebook.com/docs/messenger-platform/identity/user-profile>
    pub async fn profile(&self, psid: &Psid) -> Result<ProfileOutcome, Error> {
        let with_picture = get_profile(psid, &[ProfileField::Picture])?;
        match self.call(&with_picture).await {
            Err(Error::Api(refusal)) if refusal.code == Some(PERMISSION) => {
                self.call(&get_profile(psid, &[])?).await
            }
            outcome => outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ScriptedTransport;
    use super::super::script::{block_on, test_access};
    use super::*;

    fn psid() -> Psid {
        Psid::new("1254477777772919").unwrap()
    }

    fn script(status: u16, body: &str) -> ScriptedTransport {
        let script = ScriptedTransport::new();
        script.json(status, body);
        script
    }

    fn ask(script: &ScriptedTransport) -> Result<ProfileOutcome, Error> {
        block_on(script.graph().page(test_access()).profile(&psid()))
    }

    fn queries(script: &ScriptedTransport) -> Vec<String> {
        let requests = script.requests();
        let urls = requests.iter().map(|request| request.http.uri());
        urls.map(|uri| uri.path_and_query().unwrap().to_string())
            .collect()
    }

    // platform.md 5.1
    const PETER: &str = r#"{ "first_name": "Peter", "last_name": "Chang",
        "profile_pic": "https://platform-lookaside.fbsbx.com/platform/profilepic/?psid=1",
        "locale": "en_US", "timezone": -7, "gender": "male", "id": "1254477777772919" }"#;

    #[test]
    fn a_profile_is_requested_by_psid() {
        let script = script(200, "{}");
        ask(&script).unwrap();
        assert_eq!(
            queries(&script),
            [
                "/v27.0/1254477777772919?fields=id,name,first_name,last_name,profile_pic\
              &appsecret_proof=ac7e2fa3edd0a67e0d5f4d7b159bcdebf80cae8e250c89709af79fc82b9f746a"
            ]
        );
    }

    #[test]
    fn c19_a_profile_keeps_the_members_that_are_there() {
        let peter = ask(&script(200, PETER)).unwrap().known().unwrap();
        assert_eq!(peter.id, Some(psid()));
        assert_eq!(peter.name, None);
        assert_eq!(peter.first_name.as_deref(), Some("Peter"));
        assert_eq!(peter.last_name.as_deref(), Some("Chang"));
        assert!(peter.picture.is_some());
        let name_only = ask(&script(200, r#"{"name":"Peter Chang"}"#)).unwrap();
        let name_only = name_only.known().unwrap();
        assert_eq!(name_only.name.as_deref(), Some("Peter Chang"));
        assert_eq!((name_only.first_name, name_only.last_name), (None, None));
        assert_eq!(name_only.picture, None);
        assert_eq!(
            format!("{peter:?}"),
            "Profile { has_name: false, has_first_name: true, has_last_name: true, \
             has_picture: true, .. }"
        );
    }

    #[test]
    fn c19_an_empty_text_is_absent() {
        let yijun = r#"{"id":"1","name":"Yijun","last_name":"","first_name":" ","profile_pic":""}"#;
        let yijun = ask(&script(200, yijun)).unwrap().known().unwrap();
        assert_eq!(yijun.name.as_deref(), Some("Yijun"));
        assert_eq!((yijun.first_name, yijun.last_name), (None, None));
        assert_eq!(yijun.picture, None);
    }

    #[test]
    fn c19_b2_no_profile_is_an_ordinary_outcome() {
        let refused = |code: i64, subcode: i64| {
            let error = serde_json::json!({"error": {"code": code, "error_subcode": subcode}});
            ask(&script(400, &error.to_string()))
        };
        for (outcome, reason) in [
            (ask(&script(200, "{}")), NoProfile::NotPermitted),
            (
                ask(&script(200, r#"{"id":"1254477777772919"}"#)),
                NoProfile::NotPermitted,
            ),
            (refused(100, 2_018_247), NoProfile::NotPermitted),
            (refused(230, 0), NoProfile::NotPermitted),
            (refused(100, 2_018_218), NoProfile::NotReadable),
            (refused(2_018_218, 0), NoProfile::NotReadable),
            (refused(100, 33), NoProfile::NotFound),
        ] {
            assert_eq!(outcome.unwrap(), ProfileOutcome::Unavailable(reason));
        }
        for (code, subcode) in [(100, 0), (190, 463), (32, 0), (33, 100)] {
            assert!(
                matches!(refused(code, subcode), Err(Error::Api(_))),
                "{code}"
            );
        }
    }

    #[test]
    fn b17_a_refused_picture_costs_the_picture_only() {
        let script = ScriptedTransport::new();
        script.json(
            400,
            r#"{"error":{"code":10,"message":"(#10) new privacy rules in Europe"}}"#,
        );
        script.json(200, r#"{"id":"1254477777772919","first_name":"Ada"}"#);
        let ada = ask(&script).unwrap().known().unwrap();
        assert_eq!(ada.first_name.as_deref(), Some("Ada"));
        let queries = queries(&script);
        assert!(queries[0].contains("profile_pic"), "{queries:?}");
        assert!(!queries[1].contains("profile_pic"), "{queries:?}");
    }

    #[test]
    fn b17_a_second_refusal_is_the_error() {
        let script = ScriptedTransport::new();
        for _ in 0..2 {
            script.json(400, r#"{"error":{"code":10}}"#);
        }
        assert!(matches!(ask(&script), Err(Error::Api(_))));
        assert_eq!(script.requests().len(), 2);
    }

    #[test]
    fn further_fields_come_on_request() {
        let script = script(200, PETER);
        let fields = [
            ProfileField::Picture,
            ProfileField::Locale,
            ProfileField::Timezone,
            ProfileField::Gender,
        ];
        let call = get_profile(&psid(), &fields).unwrap();
        let peter = block_on(script.graph().page(test_access()).call(&call)).unwrap();
        let peter = peter.known().unwrap();
        assert_eq!(peter.locale.as_deref(), Some("en_US"));
        assert_eq!(peter.timezone_hours, Some(-7.0));
        assert_eq!(peter.gender.as_deref(), Some("male"));
        let query = &queries(&script)[0];
        assert!(
            query.contains("profile_pic,locale,timezone,gender&"),
            "{query}"
        );
    }

    #[test]
    fn c15_an_id_that_could_name_another_place_is_refused_before_the_request() {
        for id in [
            "..", ".", "me", "a/b", "a?b", "a#b", "a%2fb", "a b", "\u{e4}", "a\\b",
        ] {
            let refused = get_profile(&Psid::new(id).unwrap(), &[]);
            assert!(matches!(refused, Err(Error::InvalidId { .. })), "{id}");
        }
    }
}
