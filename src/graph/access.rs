//! The right to call: a Page's token and its app's secret.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    secret::{AppSecret, PageToken},
    text::hex,
};

/// What a call for one Page needs: the Page's token, and the secret of the app it was made for.
#[derive(Clone)]
#[non_exhaustive]
pub struct Access {
    /// The token of the Page.
    pub token: PageToken,
    /// The secret of the same app that the token was made for.
    pub secret: AppSecret,
}

impl Access {
    /// Puts a token and its app's secret together.
    pub fn new(token: PageToken, secret: AppSecret) -> Self {
        Self { token, secret }
    }

    /// The `appsecret_proof`, in lower-case hex: it tells Meta that whoever holds the token also
    /// knows the app's secret.
    ///
    /// <https://developers.facebook.com/docs/graph-api/guides/secure-requests>
    pub fn proof(&self) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.expose_secret().as_bytes())
            .expect("HMAC takes a key of any length");
        mac.update(self.token.expose_secret().as_bytes());
        let proof = mac.finalize().into_bytes();
        hex(&proof)
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::script::{PROOF, access};

    #[test]
    fn the_proof_is_the_hmac_of_the_token() {
        assert_eq!(access().proof(), PROOF);
    }

    #[test]
    fn access_is_never_printed() {
        assert_eq!(format!("{:?}", access()), "Access { .. }");
    }
}
