//! Buttons of templates.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::invalid::{address, malformed, optional, optional_address, range, required};
use super::{InvalidMessage, redacted_debug};

/// Longest title of a button: 20 UTF-16 units.
pub const MAX_BUTTON_TITLE_UNITS: usize = 20;

/// Longest payload of a button or quick reply: 1000 UTF-16 units.
pub const MAX_PAYLOAD_UNITS: usize = 1000;

/// Button of a template. `Debug` shows no text.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/buttons>
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum TemplateButton {
    /// Opens a web page. Needs a title.
    WebUrl(WebUrl),
    /// Sends a postback to the Page.
    Postback {
        /// Title, at most [`MAX_BUTTON_TITLE_UNITS`].
        title: String,
        /// Developer-defined payload, returned in the postback; at most [`MAX_PAYLOAD_UNITS`].
        payload: String,
    },
    /// Calls a telephone number.
    PhoneNumber {
        /// Title, at most [`MAX_BUTTON_TITLE_UNITS`].
        title: String,
        /// Number with country code, such as `+15105551234`.
        #[doc(alias = "payload")]
        #[serde(rename = "payload")]
        number: String,
    },
    /// Links the customer's account of the business.
    AccountLink {
        /// Address of the login page.
        url: String,
    },
    /// Unlinks the customer's account of the business.
    AccountUnlink,
    /// Opens an Instant Game of the Page.
    GamePlay {
        /// Title, at most [`MAX_BUTTON_TITLE_UNITS`].
        title: String,
        /// Developer-defined payload for the game, at most [`MAX_PAYLOAD_UNITS`]. Optional.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payload: Option<String>,
        /// Player or group to play with: `{"player_id":"…"}` or `{"context_id":"…"}`. When absent,
        /// only the customer plays.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        game_metadata: Option<Map<String, Value>>,
    },
    /// Calls the Page in Messenger. The names of its JSON members are not documented.
    AudioCall {
        /// Title, at most [`MAX_BUTTON_TITLE_UNITS`].
        title: String,
        /// Developer-defined payload, returned with the call; at most [`MAX_PAYLOAD_UNITS`].
        payload: String,
        /// Days for which the button works, 1 to 7. Meta decides when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_in_days: Option<u8>,
    },
}

/// Link to a web page: a button, or the action of a tap on a card. `Debug` shows no text.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/buttons#url>
#[derive(Clone, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct WebUrl {
    /// Title, at most [`MAX_BUTTON_TITLE_UNITS`]. Required for a button, not allowed for the action
    /// of a tap on a card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Address of the page.
    pub url: String,
    /// Height of the page: `compact`, `tall` or `full`. When absent, `full`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webview_height_ratio: Option<String>,
    /// Whether the page uses the Messenger Extensions. When absent, it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messenger_extensions: Option<bool>,
    /// Address of the page for clients without the Messenger Extensions. When absent, `url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback_url: Option<String>,
    /// `hide` removes the share button of the page. When absent, the button is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webview_share_button: Option<String>,
}

redacted_debug!(TemplateButton, WebUrl);

impl WebUrl {
    /// Creates a link without a title.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ..Self::default()
        }
    }

    /// Sets the title. None by default.
    pub fn with_title(self, title: impl Into<String>) -> Self {
        Self {
            title: Some(title.into()),
            ..self
        }
    }

    /// Sets the height of the page: `compact`, `tall` or `full`. Unset by default, which Meta takes
    /// as `full`.
    #[doc(alias = "webview_height_ratio")]
    pub fn with_height(self, ratio: impl Into<String>) -> Self {
        Self {
            webview_height_ratio: Some(ratio.into()),
            ..self
        }
    }

    /// Turns the Messenger Extensions on, and sets the page for clients without them. Off by
    /// default.
    #[doc(alias = "messenger_extensions")]
    pub fn with_extensions(self, fallback_url: Option<String>) -> Self {
        Self {
            messenger_extensions: Some(true),
            fallback_url,
            ..self
        }
    }

    /// Removes the share button of the page. Shown by default.
    #[doc(alias = "webview_share_button")]
    pub fn without_sharing(self) -> Self {
        Self {
            webview_share_button: Some("hide".to_owned()),
            ..self
        }
    }

    /// Checks the link as the default action of a card.
    pub(super) fn check_action(&self) -> Result<(), InvalidMessage> {
        if self.title.is_some() {
            return Err(InvalidMessage::Mismatch(
                "a default action cannot have a title",
            ));
        }
        self.check()
    }

    fn check(&self) -> Result<(), InvalidMessage> {
        let title = self.title.as_ref();
        optional("the title of a button", title, MAX_BUTTON_TITLE_UNITS)?;
        address("the URL of a button", &self.url)?;
        let fallback = self.fallback_url.as_ref();
        optional_address("the fallback URL of a button", fallback)?;
        if fallback.is_some() && self.messenger_extensions != Some(true) {
            return Err(InvalidMessage::Mismatch(
                "a fallback URL needs the Messenger Extensions",
            ));
        }
        Ok(())
    }
}

impl TemplateButton {
    /// Creates a button that opens a web page.
    pub fn web_url(title: impl Into<String>, url: impl Into<String>) -> Self {
        Self::WebUrl(WebUrl::new(url).with_title(title))
    }

    /// Creates a button that sends a postback to the Page.
    pub fn postback(title: impl Into<String>, payload: impl Into<String>) -> Self {
        Self::Postback {
            title: title.into(),
            payload: payload.into(),
        }
    }

    /// Creates a button that calls a telephone number, such as `+15105551234`.
    pub fn phone_number(title: impl Into<String>, number: impl Into<String>) -> Self {
        Self::PhoneNumber {
            title: title.into(),
            number: number.into(),
        }
    }

    /// Creates a button that links the customer's account, with the login page at `url`.
    pub fn account_link(url: impl Into<String>) -> Self {
        Self::AccountLink { url: url.into() }
    }

    /// Creates a button that opens an Instant Game of the Page, without payload and metadata.
    pub fn game_play(title: impl Into<String>) -> Self {
        Self::GamePlay {
            title: title.into(),
            payload: None,
            game_metadata: None,
        }
    }

    /// Creates a button that calls the Page in Messenger. Meta decides for how many days it works.
    pub fn audio_call(title: impl Into<String>, payload: impl Into<String>) -> Self {
        Self::AudioCall {
            title: title.into(),
            payload: payload.into(),
            expires_in_days: None,
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        const PAYLOAD: &str = "the payload of a button";
        let check_title =
            |title: &str| required("the title of a button", title, MAX_BUTTON_TITLE_UNITS);
        match self {
            Self::WebUrl(link) => {
                check_title(link.title.as_deref().unwrap_or_default())?;
                link.check()
            }
            Self::Postback { title, payload } => {
                check_title(title)?;
                required(PAYLOAD, payload, MAX_PAYLOAD_UNITS)
            }
            Self::PhoneNumber { title, number } => {
                check_title(title)?;
                let digits = number.strip_prefix('+').unwrap_or_default();
                if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    let form = "a plus sign and digits";
                    return Err(malformed("the number of a button", form, number));
                }
                Ok(())
            }
            Self::AccountLink { url } => address("the URL of a button", url),
            Self::AccountUnlink => Ok(()),
            Self::GamePlay { title, payload, .. } => {
                check_title(title)?;
                optional(PAYLOAD, payload.as_ref(), MAX_PAYLOAD_UNITS)
            }
            Self::AudioCall {
                title,
                payload,
                expires_in_days,
            } => {
                check_title(title)?;
                required(PAYLOAD, payload, MAX_PAYLOAD_UNITS)?;
                let days = expires_in_days.map_or(1, i64::from);
                range("the days of a call button", days, 1, 7)
            }
        }
    }
}
