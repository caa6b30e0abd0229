//! The app at Meta: its webhook, the login, and what tokens are good for.
//!
//! All of them are calls for [`Graph::call`](super::Graph::call). The app's own settings want
//! [`Access::app`](super::Access::app), the list of Pages a user's token, the exchange of a login's
//! code no token at all.

mod account;
mod login;
mod subscription;
mod token;

pub use self::account::{Account, Accounts, Permission, Permissions, RevokePermission};
pub use self::login::{ExchangeCode, ExtendToken, IssuedToken, LoginDialog};
pub use self::subscription::{
    SubscribeWebhook, UnsubscribeWebhook, WebhookSubscription, WebhookSubscriptions,
};
pub use self::token::{GranularScope, InspectToken, TokenFacts, TokenFlaw};
