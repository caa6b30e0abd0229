//! Up to fifty calls in one.

use serde_json::{Value, json};

use super::endpoint::Payload;
use super::path::push_parameters;
use super::{Answer, Call, Class, Endpoint, Error, Object, Response, Traffic};

/// The most calls in a batch.
pub const MAX_BATCH: usize = 50;

/// Up to [`MAX_BATCH`] calls of one kind in one: it saves the way, not the limits, for each counts
/// on its own.
///
/// The calls must have no body, such as profiles. Each answer is a success or an error of its own,
/// in the order of the calls.
///
/// ```no_run
/// # use messenger_crm::graph::{Access, Batch, Error, Graph, ProfileOf};
/// # async fn example(graph: Graph, access: Access, people: Vec<messenger_crm::id::Psid>) -> Result<(), Error> {
/// let asked = people.into_iter().map(ProfileOf::new);
/// for profile in graph.call(&access, &Batch::new(asked)?).await? {
///     println!("{:?}", profile?);
/// }
/// # Ok(())
/// # }
/// ```
///
/// Meta: [Batch requests](https://developers.facebook.com/docs/graph-api/batch-requests)
#[derive(Clone, Debug)]
pub struct Batch<E> {
    endpoints: Vec<E>,
}

impl<E: Endpoint> Batch<E> {
    /// These calls.
    ///
    /// # Errors
    ///
    /// [`Error::TooMany`] when there are more than [`MAX_BATCH`].
    pub fn new(endpoints: impl IntoIterator<Item = E>) -> Result<Self, Error> {
        let endpoints: Vec<E> = endpoints.into_iter().collect();
        match endpoints.len() {
            count if count > MAX_BATCH => Err(Error::TooMany {
                what: "calls in the batch",
                count,
                limit: MAX_BATCH,
            }),
            _ => Ok(Self { endpoints }),
        }
    }
}

impl<E: Endpoint> Endpoint for Batch<E> {
    type Output = Vec<Result<E::Output, Error>>;

    fn call(&self) -> Result<Call, Error> {
        let calls: Vec<Call> = self
            .endpoints
            .iter()
            .map(Endpoint::call)
            .collect::<Result<_, _>>()?;
        let batch: Vec<Value> = calls.iter().map(part).collect::<Result<_, _>>()?;
        let mut call = Call::post("").with_class(Class::Read);
        for part in &calls {
            call.class = call.class.max(part.class);
            call.timeout = call.timeout.max(part.timeout);
            call.page = call.page.or_else(|| part.page.clone());
            if part.traffic != Traffic::Other {
                call.traffic = part.traffic;
            }
        }
        Ok(call.with_form(vec![
            ("batch".into(), Value::Array(batch).to_string()),
            ("include_headers".into(), "false".to_owned()),
        ]))
    }

    fn read(&self, answer: &Answer) -> Result<Self::Output, Error> {
        let answers = answer.list();
        if answers.len() != self.endpoints.len() {
            return Err(answer.unexpected());
        }
        let pairs = self.endpoints.iter().zip(answers);
        Ok(pairs
            .map(|(endpoint, part)| read(endpoint, part, answer))
            .collect())
    }
}

fn part(call: &Call) -> Result<Value, Error> {
    if !matches!(call.payload, Payload::Empty) || !call.is_authorised {
        return Err(Error::NotBatchable);
    }
    let mut url = call.path.as_str().to_owned();
    if !call.query.is_empty() {
        url.push('?');
        let query = call.query.iter();
        push_parameters(
            &mut url,
            query.map(|(name, value)| (name.as_ref(), value.as_str())),
        );
    }
    Ok(json!({"method": call.method.as_str(), "relative_url": url}))
}

/// Reads one answer, whose body is a text that holds JSON.
fn read<E: Endpoint>(endpoint: &E, part: &Value, whole: &Answer) -> Result<E::Output, Error> {
    let part = Object::of(part);
    let status = part
        .number("code")
        .and_then(|code| u16::try_from(code).ok());
    // Meta leaves out what took it too long.
    let (Some(status), Some(body)) = (status, part.text("body")) else {
        return Err(whole.unexpected());
    };
    let response = Response::new(status, None, body.into_bytes());
    match Answer::read(&response) {
        Ok(answer) => endpoint.read(&answer),
        Err(Error::Api(refusal)) => endpoint.refused(*refusal),
        Err(error) => Err(error),
    }
}
