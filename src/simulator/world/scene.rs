//! The initial state of a simulator: apps, Pages, tokens and people.

use std::collections::BTreeSet;
use std::fmt;

use thiserror::Error;

use super::World;
use super::app::{AccessToken, MetaApp, PERMISSIONS};
use super::clock::Clock;
use super::names::Names;
use super::page::Page;
use super::person::{PEOPLE, PersonSetup};
use super::rate_limit::Limits;
use super::thread::Thread;

/// The app that is the Page's inbox at Meta.
pub(crate) const INBOX_APP: &str = "263902037430900";
/// Scopes of the token of the second Page of the default scene.
const BRANCH_SCOPES: [&str; 2] = ["pages_show_list", "business_management"];

/// Initial state of a simulator: apps, Pages, tokens and people, with ids that the caller chooses.
///
/// [`Scene::default`] is the *Corner Shop*: one Page with three customers, a second Page in a
/// business portfolio, and two apps. [`Scene::new`] is empty.
///
/// ```
/// use messenger_crm::simulator::{AppSetup, PageSetup, PersonSetup, Scene};
///
/// let scene = Scene::new()
///     .with_seed(7)
///     .with_app(AppSetup::new("111").with_secret("0123456789abcdef0123456789abcdef"))
///     .with_page(
///         PageSetup::new("222", "Bakery")
///             .with_token("111", "EAAbakery")
///             .with_person(PersonSetup::new("333", "Ada Lovelace")),
///     );
/// ```
#[derive(Clone)]
pub struct Scene {
    seed: Option<u64>,
    time: Option<u64>,
    limits: Limits,
    apps: Vec<AppSetup>,
    pages: Vec<PageSetup>,
}

impl Scene {
    /// Creates an empty scene. It needs at least one app and one Page to start.
    #[must_use]
    pub fn new() -> Self {
        Self {
            seed: None,
            time: None,
            limits: Limits::default(),
            apps: Vec::new(),
            pages: Vec::new(),
        }
    }

    /// Draws all ids, tokens and secrets from this seed, so that two runs have the same ones.
    ///
    /// Without a seed they are random. Use one for tests only: such secrets can be guessed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Stops the clock at this time, in milliseconds since 1970. The test moves it with
    /// [`Simulator::advance`](crate::simulator::Simulator::advance).
    ///
    /// Without it the clock runs with the machine's.
    #[must_use]
    pub fn with_time(mut self, millis: u64) -> Self {
        self.time = Some(millis);
        self
    }

    /// Sets the rate limits. Meta's by default.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Adds an app.
    #[must_use]
    pub fn with_app(mut self, app: AppSetup) -> Self {
        self.apps.push(app);
        self
    }

    /// Adds a Page.
    #[must_use]
    pub fn with_page(mut self, page: PageSetup) -> Self {
        self.pages.push(page);
        self
    }

    pub(crate) fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// Builds the world.
    pub(crate) fn build(self, seed: [u8; 32], url: String) -> Result<World, SceneError> {
        let mut names = Names::new(seed);
        let clock = Clock::new(self.time);
        let now = clock.now();
        let (mut apps, mut pages, mut tokens) = (Vec::new(), Vec::new(), Vec::new());
        let mut ids = BTreeSet::new();
        let mut taken = |id: &str| {
            if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(SceneError::Id(id.to_owned()));
            }
            match ids.insert(id.to_owned()) {
                true => Ok(()),
                false => Err(SceneError::Taken(id.to_owned())),
            }
        };
        for setup in self.apps {
            taken(&setup.id)?;
            let secret = setup.secret.unwrap_or_else(|| names.secret());
            tokens.push(AccessToken {
                text: setup.user_token.unwrap_or_else(|| names.token()),
                app: setup.id.clone(),
                page: None,
                scopes: PERMISSIONS.map(str::to_owned).to_vec(),
            });
            let mut app = MetaApp::new(setup.id, secret, &mut names);
            app.requires_proof = setup.requires_proof;
            app.signs_with_sha1 = setup.signs_with_sha1;
            app.is_native = setup.is_native;
            apps.push(app);
        }
        for setup in self.pages {
            taken(&setup.id)?;
            if let Some((app, _)) = setup
                .tokens
                .iter()
                .find(|(id, _)| !apps.iter().any(|app| app.id == *id))
            {
                return Err(SceneError::UnknownApp(app.clone()));
            }
            for app in &apps {
                let mut given = setup.tokens.iter().filter(|(id, _)| *id == app.id);
                let text = given.next().map(|(_, token)| token.clone());
                tokens.push(AccessToken {
                    text: text.unwrap_or_else(|| names.token()),
                    app: app.id.clone(),
                    page: Some(setup.id.clone()),
                    scopes: setup.scopes.clone(),
                });
            }
            let mut page = Page::new(setup.id, setup.name);
            page.is_in_portfolio = setup.is_in_portfolio;
            for person in setup.people {
                taken(&person.psid)?;
                page.threads.push(Thread::new(person, now));
            }
            pages.push(page);
        }
        if apps.is_empty() || pages.is_empty() {
            return Err(SceneError::Empty);
        }
        let mut world = World::new(url, clock, names, apps, pages, tokens);
        world.counted.limits = self.limits;
        Ok(world)
    }
}

impl Default for Scene {
    fn default() -> Self {
        let people = PEOPLE.iter().map(PersonSetup::from);
        let shop = PageSetup::new("102030405060708", "Corner Shop");
        let mut branch = PageSetup::new("102030405060709", "Branch Shop").in_portfolio();
        branch.scopes = BRANCH_SCOPES.map(str::to_owned).to_vec();
        Self::new()
            .with_app(AppSetup::new("1029384756102938"))
            .with_app(AppSetup::new("1029384756102939"))
            .with_page(people.fold(shop, PageSetup::with_person))
            .with_page(branch)
    }
}

impl fmt::Debug for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scene")
            .field("apps", &self.apps)
            .field("pages", &self.pages)
            .finish_non_exhaustive()
    }
}

/// An app of a scene.
#[derive(Clone)]
pub struct AppSetup {
    id: String,
    secret: Option<String>,
    user_token: Option<String>,
    requires_proof: bool,
    signs_with_sha1: bool,
    is_native: bool,
}

impl AppSetup {
    /// Creates an app that requires `appsecret_proof`. Secret and token are drawn.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: None,
            user_token: None,
            requires_proof: true,
            signs_with_sha1: false,
            is_native: false,
        }
    }

    /// Sets the App Secret.
    #[must_use]
    pub fn with_secret(mut self, secret: impl Into<String>) -> Self {
        self.secret = Some(secret.into());
        self
    }

    /// Sets the token of the person who runs the app.
    #[must_use]
    pub fn with_user_token(mut self, token: impl Into<String>) -> Self {
        self.user_token = Some(token.into());
        self
    }

    /// Switches *Require App Secret* off, for clients that send no `appsecret_proof`. A proof that
    /// is sent must still be right.
    #[must_use]
    pub fn without_proof(mut self) -> Self {
        self.requires_proof = false;
        self
    }

    /// Sends the legacy header `X-Hub-Signature` (SHA-1) beside `X-Hub-Signature-256`.
    #[must_use]
    pub fn with_sha1(mut self) -> Self {
        self.signs_with_sha1 = true;
        self
    }

    /// Sets the app to *native or desktop*: its own token is refused with code 104.
    #[must_use]
    pub fn as_native(mut self) -> Self {
        self.is_native = true;
        self
    }
}

impl fmt::Debug for AppSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppSetup")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A Page of a scene.
#[derive(Clone)]
pub struct PageSetup {
    id: String,
    name: String,
    tokens: Vec<(String, String)>,
    scopes: Vec<String>,
    is_in_portfolio: bool,
    people: Vec<PersonSetup>,
}

impl PageSetup {
    /// Creates a Page. Each app of the scene has a token of it, which is drawn.
    #[must_use]
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            tokens: Vec::new(),
            scopes: PERMISSIONS.map(str::to_owned).to_vec(),
            is_in_portfolio: false,
            people: Vec::new(),
        }
    }

    /// Sets the Page token of an app.
    #[must_use]
    pub fn with_token(mut self, app_id: impl Into<String>, token: impl Into<String>) -> Self {
        self.tokens.push((app_id.into(), token.into()));
        self
    }

    /// Gives the tokens of the Page these scopes only. By default they have all five that a
    /// messaging app needs.
    #[must_use]
    pub fn with_scopes(mut self, scopes: &[&str]) -> Self {
        self.scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        self
    }

    /// Puts the Page into the business portfolio: `me/accounts` does not list it.
    #[must_use]
    pub fn in_portfolio(mut self) -> Self {
        self.is_in_portfolio = true;
        self
    }

    /// Adds a person who can write to the Page.
    #[must_use]
    pub fn with_person(mut self, person: PersonSetup) -> Self {
        self.people.push(person);
        self
    }
}

impl fmt::Debug for PageSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageSetup")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Error for a scene that cannot be started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SceneError {
    /// An id is not a number.
    #[error("the id {0:?} is not a number: ids of apps, Pages and people are decimal digits")]
    Id(String),
    /// Two apps, Pages or people have the same id.
    #[error("the id {0} is used twice: every app, Page and person needs a different one")]
    Taken(String),
    /// A token is for an app that the scene does not have.
    #[error("a Page token is for the app {0}, which the scene does not have: add the app first")]
    UnknownApp(String),
    /// There is no app or no Page.
    #[error("the scene needs at least one app and one Page")]
    Empty,
}
