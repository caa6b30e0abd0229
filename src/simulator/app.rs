//! The app, its Page and the three people: who is who, and with which secrets.

use std::fmt;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The number of the simulated app; echoes carry it as a JSON number.
pub(super) const APP_NUMBER: u64 = 1_029_384_756_102_938;
/// The app that is the Page's inbox at Meta.
pub(super) const INBOX_APP: &str = "263902037430900";
const PAGE_ID: &str = "102030405060708";
const PAGE_NAME: &str = "Corner Shop";
const BRANCH_PAGE_ID: &str = "102030405060709";

/// The simulated app and the Page it is installed on: what a CRM must be told.
///
/// The ids never change, so that a database kept between two starts stays
/// meaningful; secret and token are drawn afresh at each start.
#[derive(Clone)]
#[non_exhaustive]
pub struct App {
    /// The App ID, decimal digits.
    pub app_id: String,
    /// The App Secret, 32 hexadecimal digits.
    pub app_secret: String,
    /// The id of the Page, decimal digits.
    pub page_id: String,
    /// The name of the Page.
    pub page_name: String,
    /// The Page access token, `EAA…`.
    pub page_token: String,
    /// The token of the person who runs the app, `EAA…`, as a login hands it out.
    pub user_token: String,
    /// The code that a finished login dialog would bring back.
    pub login_code: String,
    /// The id of a second Page, which a business portfolio owns, so that `me/accounts` does not list
    /// it. Only `GET me` works with its token.
    pub branch_page_id: String,
    /// The Page access token of the second Page, `EAA…`.
    pub branch_page_token: String,
    /// A token of the Page that was issued to another app, `EAA…`.
    pub foreign_token: String,
}

impl App {
    pub(super) fn draw() -> io::Result<Self> {
        let secret: [u8; 16] = random()?;
        let code: [u8; 24] = random()?;
        let token = || -> io::Result<String> {
            let token: [u8; 120] = random()?;
            let token = STANDARD_NO_PAD.encode(token).replace(['+', '/'], "");
            Ok(format!("EAA{token}"))
        };
        Ok(Self {
            app_id: APP_NUMBER.to_string(),
            app_secret: hex(&secret),
            page_id: PAGE_ID.to_owned(),
            page_name: PAGE_NAME.to_owned(),
            page_token: token()?,
            user_token: token()?,
            login_code: hex(&code),
            branch_page_id: BRANCH_PAGE_ID.to_owned(),
            branch_page_token: token()?,
            foreign_token: token()?,
        })
    }

    /// The app access token.
    pub(super) fn app_token(&self) -> String {
        format!("{}|{}", self.app_id, self.app_secret)
    }

    /// The value of `X-Hub-Signature-256` for these bytes.
    pub(super) fn signature(&self, body: &[u8]) -> String {
        format!("sha256={}", hex(&hmac(self.app_secret.as_bytes(), body)))
    }

    /// The `appsecret_proof` of a token, plain or made at `time`.
    pub(super) fn proof(&self, token: &str, time: Option<&str>) -> String {
        let message = match time {
            None => token.to_owned(),
            Some(time) => format!("{token}|{time}"),
        };
        hex(&hmac(self.app_secret.as_bytes(), message.as_bytes()))
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("app_id", &self.app_id)
            .field("page_id", &self.page_id)
            .field("page_name", &self.page_name)
            .finish_non_exhaustive()
    }
}

/// One of the invented people who can write to the Page.
#[derive(Debug)]
#[non_exhaustive]
pub struct Person {
    /// The id Meta tells the Page, decimal digits; the same at every start.
    pub psid: &'static str,
    /// The full name.
    pub name: &'static str,
    /// The first name.
    pub first_name: &'static str,
    /// The last name.
    pub last_name: &'static str,
    /// Whether Meta shows this person's profile to the Page at all.
    pub has_profile: bool,
    pub(super) portrait: &'static [u8],
}

/// Everybody who owns a phone here.
pub(super) static PEOPLE: [Person; 3] = [
    Person {
        psid: "7324561089432101",
        name: "林怡君",
        first_name: "怡君",
        last_name: "林",
        has_profile: true,
        portrait: include_bytes!("people/yijun.png"),
    },
    // Above 2^53: whoever reads this id as a double writes to a stranger.
    Person {
        psid: "24681357902468135",
        name: "Amélie Laurent",
        first_name: "Amélie",
        last_name: "Laurent",
        has_profile: true,
        portrait: include_bytes!("people/amelie.png"),
    },
    Person {
        psid: "5983017264490373",
        name: "Jonas Berg",
        first_name: "Jonas",
        last_name: "Berg",
        has_profile: false,
        portrait: include_bytes!("people/jonas.png"),
    },
];

/// Names nobody has used before (message ids, challenges, traces), from one
/// seed: randomness can fail only where a simulator starts.
pub(super) struct Names {
    seed: [u8; 32],
    drawn: u64,
}

impl Names {
    pub(super) fn seeded() -> io::Result<Self> {
        Ok(Self {
            seed: random()?,
            drawn: 0,
        })
    }

    pub(super) fn draw(&mut self) -> [u8; 32] {
        self.drawn += 1;
        hmac(&self.seed, &self.drawn.to_be_bytes())
    }
}

pub(super) fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    // platform.md §1.4 and §7.2, computed there by other means.
    fn app() -> App {
        App {
            app_secret: "60efff025951cddde78c8d03de52cc90".to_owned(),
            ..App::draw().unwrap()
        }
    }

    #[test]
    fn the_signature_is_metas() {
        assert_eq!(
            app().signature(br#"{"object":"page","entry":[]}"#),
            "sha256=ac62ca9cfd3daac61f1be366d407c607da3278545d34154f8b4a2b7f7b5b950f"
        );
    }

    #[test]
    fn both_proofs_are_metas() {
        assert_eq!(
            app().proof("EAAtoken", None),
            "ac7e2fa3edd0a67e0d5f4d7b159bcdebf80cae8e250c89709af79fc82b9f746a"
        );
        assert_eq!(
            app().proof("EAAtoken", Some("1700000000")),
            "6eed703d47d05f85795f8c15ca53cf3cb0d500e3104d2267d0860069f67ff1e9"
        );
    }

    #[test]
    fn debug_keeps_the_credentials_to_itself() {
        let app = App::draw().unwrap();
        let shown = format!("{app:?}");
        assert!(shown.contains(PAGE_NAME));
        assert!(!shown.contains(&app.app_secret) && !shown.contains("EAA"));
    }
}
