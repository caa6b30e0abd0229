//! What a customer can tap in a template.

use serde::{Deserialize, Serialize};

use super::InvalidMessage;
use super::invalid::{address, optional, optional_address, range, required};

/// The longest title of a button, in UTF-16 units.
pub const MAX_BUTTON_TITLE_UNITS: usize = 20;

/// The longest payload of a button or quick reply, in UTF-16 units.
pub const MAX_PAYLOAD_UNITS: usize = 1000;

/// A button of a template.
///
/// Meta: [Buttons](https://developers.facebook.com/docs/messenger-platform/send-messages/buttons)
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Button {
    /// Opens a web page.
    WebUrl(WebUrl),
    /// Tells the Page; it comes back as a postback.
    Postback {
        /// What the customer sees.
        title: String,
        /// What the Page is told.
        payload: String,
    },
    /// Calls a number.
    PhoneNumber {
        /// What the customer sees.
        title: String,
        /// The number, such as `+15105551234`.
        payload: String,
    },
    /// Logs the customer in to an account of the business.
    AccountLink {
        /// The page to log in on.
        url: String,
    },
    /// Logs the customer out.
    AccountUnlink,
    /// Opens a game of the Page's.
    GamePlay {
        /// What the customer sees.
        title: String,
        /// What the game is told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payload: Option<String>,
        /// With whom.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        game_metadata: Option<GameMetadata>,
    },
    /// Calls the Page in Messenger. The names of its members are not confirmed by Meta's pages.
    AudioCall {
        /// What the customer sees.
        title: String,
        /// What the Page is told when the call comes.
        payload: String,
        /// For how many days it can be tapped, 1 to 7.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_in_days: Option<u8>,
    },
}

super::hush!(Button, WebUrl, GameMetadata);

/// A link to a web page.
#[derive(Clone, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct WebUrl {
    /// What the customer sees; the default action of an element has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The page.
    pub url: String,
    /// How much of the screen it takes: `compact`, `tall` or `full`, which is what happens without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webview_height_ratio: Option<String>,
    /// Whether the page uses the Messenger Extensions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messenger_extensions: Option<bool>,
    /// The page for clients without the Messenger Extensions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback_url: Option<String>,
    /// `hide` takes the share button away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webview_share_button: Option<String>,
}

impl WebUrl {
    /// A link without a title.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ..Self::default()
        }
    }

    /// The same with a title.
    pub fn with_title(self, title: impl Into<String>) -> Self {
        Self {
            title: Some(title.into()),
            ..self
        }
    }

    /// The same in another height: `compact`, `tall` or `full`.
    pub fn with_height(self, ratio: impl Into<String>) -> Self {
        Self {
            webview_height_ratio: Some(ratio.into()),
            ..self
        }
    }

    /// The same with the Messenger Extensions, and a page for clients without.
    pub fn with_extensions(self, fallback_url: Option<String>) -> Self {
        Self {
            messenger_extensions: Some(true),
            fallback_url,
            ..self
        }
    }

    /// The same without a share button.
    pub fn without_sharing(self) -> Self {
        Self {
            webview_share_button: Some("hide".to_owned()),
            ..self
        }
    }

    /// Checks it as the default action of an element.
    pub(super) fn check_action(&self) -> Result<(), InvalidMessage> {
        if self.title.is_some() {
            return Err(InvalidMessage::Mismatch("a default action has no title"));
        }
        self.check()
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        let title = self.title.as_ref();
        optional("the title of a button", title, MAX_BUTTON_TITLE_UNITS)?;
        address("the address of a button", &self.url)?;
        let fallback = self.fallback_url.as_ref();
        optional_address("the fallback address of a button", fallback)?;
        if fallback.is_some() && self.messenger_extensions != Some(true) {
            return Err(InvalidMessage::Mismatch(
                "a fallback address goes with the messenger extensions alone",
            ));
        }
        Ok(())
    }
}

/// With whom a game is opened.
#[derive(Clone, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct GameMetadata {
    /// A player.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub player_id: Option<String>,
    /// A group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_id: Option<String>,
}

impl GameMetadata {
    /// With one player.
    pub fn player(id: impl Into<String>) -> Self {
        Self {
            player_id: Some(id.into()),
            context_id: None,
        }
    }

    /// With a group.
    pub fn context(id: impl Into<String>) -> Self {
        Self {
            player_id: None,
            context_id: Some(id.into()),
        }
    }
}

impl Button {
    /// Opens a web page.
    pub fn web_url(title: impl Into<String>, url: impl Into<String>) -> Self {
        Self::WebUrl(WebUrl::new(url).with_title(title))
    }

    /// Tells the Page.
    pub fn postback(title: impl Into<String>, payload: impl Into<String>) -> Self {
        Self::Postback {
            title: title.into(),
            payload: payload.into(),
        }
    }

    /// Calls a number, such as `+15105551234`.
    pub fn phone_number(title: impl Into<String>, number: impl Into<String>) -> Self {
        Self::PhoneNumber {
            title: title.into(),
            payload: number.into(),
        }
    }

    /// Logs the customer in on this page.
    pub fn account_link(url: impl Into<String>) -> Self {
        Self::AccountLink { url: url.into() }
    }

    /// Opens the Page's game.
    pub fn game_play(title: impl Into<String>) -> Self {
        Self::GamePlay {
            title: title.into(),
            payload: None,
            game_metadata: None,
        }
    }

    /// Calls the Page in Messenger.
    pub fn audio_call(title: impl Into<String>, payload: impl Into<String>) -> Self {
        Self::AudioCall {
            title: title.into(),
            payload: payload.into(),
            expires_in_days: None,
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        const TITLE: &str = "the title of a button";
        const PAYLOAD: &str = "the payload of a button";
        let titled = |title: &str| required(TITLE, title, MAX_BUTTON_TITLE_UNITS);
        match self {
            Self::WebUrl(link) => {
                titled(link.title.as_deref().unwrap_or_default())?;
                link.check()
            }
            Self::Postback { title, payload } => {
                titled(title)?;
                required(PAYLOAD, payload, MAX_PAYLOAD_UNITS)
            }
            Self::PhoneNumber { title, payload } => {
                titled(title)?;
                let digits = payload.strip_prefix('+').unwrap_or_default();
                if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    let (what, form) = ("the number of a button", "a plus sign and digits");
                    return Err(InvalidMessage::Malformed { what, form });
                }
                Ok(())
            }
            Self::AccountLink { url } => address("the address of a button", url),
            Self::AccountUnlink => Ok(()),
            Self::GamePlay { title, payload, .. } => {
                titled(title)?;
                optional(PAYLOAD, payload.as_ref(), MAX_PAYLOAD_UNITS)
            }
            Self::AudioCall {
                title,
                payload,
                expires_in_days,
            } => {
                titled(title)?;
                required(PAYLOAD, payload, MAX_PAYLOAD_UNITS)?;
                let days = expires_in_days.map_or(1, i64::from);
                range("the days of a call button", days, 1, 7)
            }
        }
    }
}
