//! What can be asked: an endpoint is a value that knows its request and how to read the answer.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::upload::Upload;
use super::{Answer, ApiError, Error, Method, Path};
use crate::id::PageId;

/// How long an ordinary call may take.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(15);

/// Something that can be asked of the Graph API.
///
/// Every call of this library is one, and so may be yours:
///
/// ```
/// use messenger_crm::graph::{Answer, Call, Endpoint, Error, Path};
/// use messenger_crm::id::PageId;
///
/// /// How many people like a Page.
/// struct Likes(PageId);
///
/// impl Endpoint for Likes {
///     type Output = Option<i64>;
///
///     fn call(&self) -> Result<Call, Error> {
///         let path = Path::node(self.0.as_str())?;
///         Ok(Call::get(path).with_query("fields", "fan_count").for_page(&self.0))
///     }
///
///     fn read(&self, answer: &Answer) -> Result<Self::Output, Error> {
///         Ok(answer.object().number("fan_count"))
///     }
/// }
/// ```
///
/// `graph.call(&access, &Likes(page))` then asks, with everything that [`Graph`](super::Graph)
/// does for its own calls.
pub trait Endpoint {
    /// What a success brings.
    type Output;

    /// The call as data; asked once for each [`Graph::call`](super::Graph::call).
    ///
    /// # Errors
    ///
    /// [`Error`] when the call cannot be made as it is: nothing is then asked.
    fn call(&self) -> Result<Call, Error>;

    /// Reads what came back with a success.
    ///
    /// # Errors
    ///
    /// [`Error`] when it is not what was asked for; [`Answer::unexpected`] says so.
    fn read(&self, answer: &Answer) -> Result<Self::Output, Error>;

    /// Reads a refusal: some are an ordinary outcome.
    ///
    /// # Errors
    ///
    /// [`Error::Api`] with that refusal, unless the endpoint knows better.
    fn refused(&self, refusal: ApiError) -> Result<Self::Output, Error> {
        Err(refusal.into())
    }
}

/// What a call does at Meta: it decides when the call may be repeated.
///
/// | | not sent, throttled | refused as transient | outcome unknown |
/// |---|---|---|---|
/// | [`Read`](Self::Read) | repeated | repeated | repeated |
/// | [`SetUp`](Self::SetUp) | repeated | repeated | reported |
/// | [`Send`](Self::Send) | repeated | reported, unless the host asks for it | reported |
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Class {
    /// It changes nothing.
    Read,
    /// It changes a setting, or makes something that no customer sees.
    SetUp,
    /// A customer sees it.
    Send,
}

/// Which of Meta's limits a call counts against, beside those that all calls share.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Traffic {
    /// Text, links, reactions, stickers, templates.
    Text,
    /// Images, audio, video, files.
    Media,
    /// Reading conversations.
    Conversations,
    /// Anything else.
    Other,
}

/// One call as plain data; its `Debug` shows no path, parameter or body.
#[derive(Clone)]
#[non_exhaustive]
pub struct Call {
    /// `GET`, `POST` or `DELETE`.
    pub method: Method,
    /// What stands after the version.
    pub path: Path,
    /// The parameters in the URL. Token and proof are added when it is asked.
    pub query: Vec<(Cow<'static, str>, String)>,
    /// What is posted.
    pub payload: Payload,
    /// What it does at Meta.
    pub class: Class,
    /// Which limit it counts against.
    pub traffic: Traffic,
    /// The Page it is about, if any: limits are counted per Page.
    pub page: Option<PageId>,
    /// Calls with the same name go out one after the other, in the order in which they were made.
    pub conversation: Option<String>,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// Whether a token goes with it; only the login's own calls have none.
    pub is_authorised: bool,
}

impl Call {
    /// A call that reads.
    pub fn get(path: impl Into<Path>) -> Self {
        Self::new(Method::Get, path.into(), Class::Read)
    }

    /// A call that changes something.
    pub fn post(path: impl Into<Path>) -> Self {
        Self::new(Method::Post, path.into(), Class::SetUp)
    }

    /// A call that removes something.
    pub fn delete(path: impl Into<Path>) -> Self {
        Self::new(Method::Delete, path.into(), Class::SetUp)
    }

    fn new(method: Method, path: Path, class: Class) -> Self {
        Self {
            method,
            path,
            query: Vec::new(),
            payload: Payload::Empty,
            class,
            traffic: Traffic::Other,
            page: None,
            conversation: None,
            timeout: CALL_TIMEOUT,
            is_authorised: true,
        }
    }

    /// The same with one more parameter in the URL, where no secret belongs.
    pub fn with_query(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
    ) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// The same with a body of JSON.
    ///
    /// # Errors
    ///
    /// [`Error::NotJson`] when it cannot be written as JSON.
    pub fn with_json(self, body: &(impl Serialize + ?Sized)) -> Result<Self, Error> {
        let json = serde_json::to_vec(body).map_err(|_| Error::NotJson)?;
        Ok(Self {
            payload: Payload::Json(json),
            ..self
        })
    }

    /// The same with a form as its body: the place for parameters that are secrets.
    pub fn with_form(self, fields: Vec<(Cow<'static, str>, String)>) -> Self {
        Self {
            payload: Payload::Form(fields),
            ..self
        }
    }

    /// The same with a form and a file as its body.
    pub fn with_file(self, fields: Vec<(Cow<'static, str>, String)>, file: Upload) -> Self {
        Self {
            payload: Payload::Multipart { fields, file },
            ..self
        }
    }

    /// The same, counted against this Page's limits.
    pub fn for_page(self, page: &PageId) -> Self {
        Self {
            page: Some(page.clone()),
            ..self
        }
    }

    /// The same as another class of call.
    pub fn with_class(self, class: Class) -> Self {
        Self { class, ..self }
    }

    /// The same, counted against this limit.
    pub fn with_traffic(self, traffic: Traffic) -> Self {
        Self { traffic, ..self }
    }

    /// The same with another time-out for each attempt.
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("class", &self.class)
            .field("traffic", &self.traffic)
            .field("page", &self.page)
            .field("payload", &self.payload)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// What a call posts; its `Debug` shows the kind and the size.
#[derive(Clone)]
#[non_exhaustive]
pub enum Payload {
    /// Nothing.
    Empty,
    /// JSON.
    Json(Vec<u8>),
    /// A form.
    Form(Vec<(Cow<'static, str>, String)>),
    /// A form and a file.
    Multipart {
        /// The fields before the file.
        fields: Vec<(Cow<'static, str>, String)>,
        /// The file, as `filedata`.
        file: Upload,
    },
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Json(json) => write!(f, "Json({} bytes)", json.len()),
            Self::Form(fields) => write!(f, "Form({} fields)", fields.len()),
            Self::Multipart { file, .. } => write!(f, "Multipart({file:?})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_shows_neither_path_nor_parameters_nor_body() {
        let call = Call::post(Path::node("4242").unwrap().edge("messages"))
            .with_query("q", "c0ffee")
            .with_json(&"hello")
            .unwrap()
            .for_page(&PageId::new("1").unwrap());
        assert_eq!(
            format!("{call:?}"),
            "Call { method: Post, class: SetUp, traffic: Other, page: Some(PageId(\"1\")), \
             payload: Json(7 bytes), timeout: 15s, .. }"
        );
        let form = call.with_form(vec![("code".into(), "hush".to_owned())]);
        assert_eq!(format!("{:?}", form.payload), "Form(1 fields)");
        assert_eq!(format!("{:?}", Payload::Empty), "Empty");
    }
}
