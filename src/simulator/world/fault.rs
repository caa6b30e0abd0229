//! Faults: refusals and failures on purpose.

use serde::{Deserialize, Serialize};

/// Response of the Graph API to the sends that follow.
///
/// A refused send reaches nobody. Requests that are wrong in themselves are refused for what is
/// wrong with them, whatever is chosen here.
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
    /// The message is delivered, but the connection closes without a response.
    NoAnswer,
}

/// Response of the Graph API to the profile requests that follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProfileAnswer {
    /// The profile of every person who has one.
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

/// A fault of the Graph API or of the way to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// HTTP 500 with a page of HTML. The call is not carried out.
    ServerError,
    /// Refused with 80006 and usage headers at 100 percent, for five minutes by their word.
    Throttled,
    /// Refused with code 4: the limit of the app.
    AppThrottled,
    /// The response comes ten seconds late.
    Slow,
    /// The connection closes before the body is read.
    ResetBeforeReading,
    /// The connection closes after the body was read. The call is not carried out.
    ResetAfterReading,
    /// HTTP 200 with a body that is not JSON. The call is carried out.
    Garbage,
    /// The call is carried out, and the connection closes without a response.
    LostAnswer,
}

impl Fault {
    /// All faults.
    pub const ALL: [Self; 8] = [
        Self::ServerError,
        Self::Throttled,
        Self::AppThrottled,
        Self::Slow,
        Self::ResetBeforeReading,
        Self::ResetAfterReading,
        Self::Garbage,
        Self::LostAnswer,
    ];
}

/// A fault, and the Graph calls that it applies to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FaultRule {
    /// The fault.
    pub fault: Fault,
    /// Only calls whose path contains this text. Absent for all calls.
    #[serde(default)]
    pub path: Option<String>,
    /// How many more calls it applies to. Absent for all until the faults are cleared.
    #[serde(default)]
    pub times: Option<u32>,
}

impl FaultRule {
    /// Creates a rule for all Graph calls.
    #[must_use]
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            path: None,
            times: None,
        }
    }

    /// Applies the fault only to calls whose path contains this text, such as `/messages`.
    #[must_use]
    pub fn on(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Applies the fault to so many calls only.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }
}

/// The faults in force.
#[derive(Default)]
pub(crate) struct Faults {
    pub(crate) rules: Vec<FaultRule>,
    pub(crate) sends: SendAnswer,
    pub(crate) profiles: ProfileAnswer,
}

impl Faults {
    /// Takes the first fault that applies to a call.
    pub(crate) fn take(&mut self, path: &str) -> Option<Fault> {
        let applies = |rule: &FaultRule| {
            let on = rule.path.as_deref().is_none_or(|text| path.contains(text));
            on && rule.times != Some(0)
        };
        let place = self.rules.iter().position(applies)?;
        let rule = &mut self.rules[place];
        let fault = rule.fault;
        if let Some(times) = &mut rule.times {
            *times -= 1;
            if *times == 0 {
                self.rules.remove(place);
            }
        }
        Some(fault)
    }
}
