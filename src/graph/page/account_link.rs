//! Which customer logged in to an account of the business.

use serde_json::json;

use crate::graph::{Answer, Call, Endpoint, Error};
use crate::id::Psid;

/// Asks which customer an account linking token is about; it lives for five minutes.
///
/// Its URL holds that token: it is not for logs. Meta refuses a wrong one with code 10303.
///
/// Meta: [Account linking](https://developers.facebook.com/docs/messenger-platform/identity/account-linking)
#[derive(Clone)]
pub struct LinkedPerson(String);

impl LinkedPerson {
    /// By the token that came to the login page.
    pub fn new(account_linking_token: impl Into<String>) -> Self {
        Self(account_linking_token.into())
    }
}

impl std::fmt::Debug for LinkedPerson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkedPerson(…)")
    }
}

impl Endpoint for LinkedPerson {
    type Output = Psid;

    fn call(&self) -> Result<Call, Error> {
        Ok(Call::get("me")
            .with_query("fields", "recipient")
            .with_query("account_linking_token", self.0.as_str()))
    }

    fn read(&self, answer: &Answer) -> Result<Psid, Error> {
        let psid = answer.object().id("recipient");
        psid.and_then(|psid| Psid::new(psid).ok())
            .ok_or_else(|| answer.unexpected())
    }
}

/// Parts a customer from the account they logged in to.
///
/// Meta: [Account linking](https://developers.facebook.com/docs/messenger-platform/identity/account-linking)
#[derive(Clone, Debug)]
pub struct UnlinkPerson(Psid);

impl UnlinkPerson {
    /// This customer.
    pub fn new(psid: Psid) -> Self {
        Self(psid)
    }
}

impl Endpoint for UnlinkPerson {
    type Output = ();

    fn call(&self) -> Result<Call, Error> {
        Call::post("me/unlink_accounts").with_json(&json!({ "psid": self.0 }))
    }

    fn read(&self, answer: &Answer) -> Result<(), Error> {
        answer.done()
    }
}
