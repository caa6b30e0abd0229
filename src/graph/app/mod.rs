//! The app and the people who log in to it: webhook, login, tokens, Pages of a person.
//!
//! | Module | Client | Use it for |
//! |---|---|---|
//! | [`subscriptions`] | [`AppClient`](super::AppClient) | where Meta sends the app's webhooks |
//! | [`login`] | [`AppClient`](super::AppClient) | from the login dialog to a token for 60 days |
//! | [`tokens`] | [`AppClient`](super::AppClient) | inspecting a token: owner, permissions, expiry |
//! | [`accounts`] | [`UserClient`](super::UserClient) | Pages, business portfolios and permissions of a person |
//!
//! From the login to a connected Page:
//!
//! ```
//! use messenger_crm::graph::{Access, AppAccess, app::login};
//! # use messenger_crm::graph::ScriptedTransport;
//! use messenger_crm::id::AppId;
//! use messenger_crm::secret::AppSecret;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let script = ScriptedTransport::new();
//! # script.json(200, r#"{"access_token":"EAAshort"}"#);
//! # script.json(200, r#"{"access_token":"EAAlong"}"#);
//! # script.json(200, r#"{"data":[{"id":"1755847768034402","access_token":"EAApage"}]}"#);
//! # script.json(200, r#"{"data":[]}"#);
//! # script.json(200, r#"{"data":{"is_valid":true,"type":"PAGE","app_id":"271828182845904",
//! #     "profile_id":"1755847768034402"}}"#);
//! # script.json(200, r#"{"id":"1755847768034402","name":"Corner Shop"}"#);
//! # let graph = script.graph();
//! # let (redirect_uri, code) = ("https://crm.example/back", "the-code");
//! let app = AppAccess::new(
//!     AppId::new("271828182845904")?,
//!     AppSecret::new("60efff025951cddde78c8d03de52cc90")?,
//! );
//! let client = graph.app(app.clone());
//! let short = client.call(&login::exchange_code(redirect_uri, code)).await?;
//! let long = client.call(&login::extend_token(&short.token)).await?;
//!
//! for account in graph.user(&app, &long.token).all_accounts(100).await?.accounts {
//!     let Some(token) = account.token else { continue };
//!     let page = graph.page(Access::new(app.clone(), account.page, token));
//!     println!("connected: {:?}", page.check().await?.name);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Against the simulator (feature `simulator`), over HTTP:
//!
//! ```
//! # #[cfg(feature = "simulator")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use messenger_crm::graph::{AppAccess, Graph, app::tokens::{self, TokenKind}};
//! use messenger_crm::PageToken;
//! use messenger_crm::simulator::Simulator;
//!
//! let simulator = Simulator::start("127.0.0.1:0".parse()?).await?;
//! let of = simulator.app();
//! let app = AppAccess::new(of.app_id.parse()?, of.app_secret.parse()?);
//! let graph = Graph::new()?.with_base_url(&simulator.url())?;
//! let token: PageToken = of.page_token.parse()?;
//! let info = graph.app(app).call(&tokens::inspect(token)).await?;
//! assert!(info.is_valid);
//! assert_eq!(info.kind, Some(TokenKind::Page));
//! simulator.shutdown().await;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "simulator"))]
//! # fn main() {}
//! ```

pub mod accounts;
mod all_accounts;
pub mod login;
pub mod subscriptions;
pub mod tokens;

pub use self::all_accounts::AllAccounts;
