//! What the Graph API is told to say, for trying what goes wrong.

use serde::{Deserialize, Serialize};

/// What the Graph API says to the sends that follow.
///
/// A refused send reaches nobody. Requests that are wrong in themselves are
/// refused for what is wrong with them, whatever is chosen here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SendAnswer {
    /// The message is delivered.
    #[default]
    Accepted,
    /// Refused with 10/2018278: the person has not written for too long.
    OutsideWindow,
    /// Refused with 190/463: the Page token has expired.
    TokenExpired,
    /// Refused with code 2 and HTTP 503.
    Unavailable,
    /// The message is delivered, but the connection closes without an answer.
    NoAnswer,
}

/// What the Graph API says to the profile requests that follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProfileAnswer {
    /// The profile, of whoever has one.
    #[default]
    Shown,
    /// Refused with 100/2018218: no profile available.
    Refused,
    /// `{}`: the app may not see profiles.
    Empty,
    /// The profile, ten seconds late.
    Slow,
    /// The profile without `profile_pic`.
    WithoutPicture,
    /// The profile; the address of its picture redirects (302) to another address of the simulator.
    PictureRedirects,
    /// Refused with code 10 when `profile_pic` is requested; the profile otherwise.
    PictureRefused,
}
