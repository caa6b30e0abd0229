//! People who write to a Page.

/// One of the three people of the default scene.
#[derive(Debug)]
#[non_exhaustive]
pub struct Person {
    /// Page-scoped id, decimal digits. A constant.
    pub psid: &'static str,
    /// Full name.
    pub name: &'static str,
    /// First name.
    pub first_name: &'static str,
    /// Last name.
    pub last_name: &'static str,
    /// Whether Meta shows this person's profile to the Page.
    pub has_profile: bool,
    portrait: &'static [u8],
}

/// The people of the default scene.
pub(crate) static PEOPLE: [Person; 3] = [
    Person {
        psid: "7324561089432101",
        name: "林怡君",
        first_name: "怡君",
        last_name: "林",
        has_profile: true,
        portrait: YIJUN,
    },
    // Above 2^53: a program that reads this id as a double writes to a stranger.
    Person {
        psid: "24681357902468135",
        name: "Amélie Laurent",
        first_name: "Amélie",
        last_name: "Laurent",
        has_profile: true,
        portrait: AMELIE,
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

const YIJUN: &[u8] = include_bytes!("people/yijun.png");
const AMELIE: &[u8] = include_bytes!("people/amelie.png");

/// A person of a scene, and what Meta shows of them.
///
/// The person wrote to the Page just before the start, so that the Page may answer. Use
/// [`as_stranger`](Self::as_stranger) for somebody who never did.
#[derive(Clone)]
pub struct PersonSetup {
    pub(crate) psid: String,
    pub(crate) name: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) has_profile: bool,
    pub(crate) is_stranger: bool,
    pub(crate) portrait: &'static [u8],
}

impl PersonSetup {
    /// Creates a person with a profile. The last word of the name is the last name.
    #[must_use]
    pub fn new(psid: impl Into<String>, name: impl Into<String>) -> Self {
        let name = name.into();
        let (first_name, last_name) = name.rsplit_once(' ').unwrap_or((&name, ""));
        Self {
            psid: psid.into(),
            first_name: first_name.to_owned(),
            last_name: last_name.to_owned(),
            name,
            has_profile: true,
            is_stranger: false,
            portrait: AMELIE,
        }
    }

    /// Refuses the profile with 100/2018218, as for a person without a readable one.
    #[must_use]
    pub fn without_profile(mut self) -> Self {
        self.has_profile = false;
        self
    }

    /// Makes a person who never wrote: the window is closed until they do.
    #[must_use]
    pub fn as_stranger(mut self) -> Self {
        self.is_stranger = true;
        self
    }
}

impl From<&Person> for PersonSetup {
    fn from(person: &Person) -> Self {
        Self {
            psid: person.psid.to_owned(),
            name: person.name.to_owned(),
            first_name: person.first_name.to_owned(),
            last_name: person.last_name.to_owned(),
            has_profile: person.has_profile,
            is_stranger: false,
            portrait: person.portrait,
        }
    }
}

impl std::fmt::Debug for PersonSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PersonSetup").finish_non_exhaustive()
    }
}
