//! One call from the wish to the answer: its turn, its pace, its attempts.

use std::sync::Arc;
use std::time::Duration;

use super::endpoint::Payload;
use super::path::push_parameters;
use super::upload::Multipart;
use super::{Access, Answer, Body, CALL_TIMEOUT, Call, Endpoint, Error, Graph, Reply, Request};

/// The longest JSON answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

impl Graph {
    /// Asks for something and reads the answer.
    ///
    /// # Errors
    ///
    /// [`Error`] when Meta refuses or cannot be asked, when the answer cannot be read, or when the
    /// call is wrong in itself.
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves no trace here. The request may have reached Meta all the same: for a
    /// message the outcome is then unknown.
    pub async fn call<E: Endpoint + Sync + ?Sized>(
        &self,
        access: &Access,
        endpoint: &E,
    ) -> Result<E::Output, Error> {
        let reply = self.ask(access, endpoint).await?;
        Ok(reply.output)
    }

    /// The same, and what the answer's headers tell.
    ///
    /// # Errors
    ///
    /// As [`Graph::call`].
    ///
    /// # Cancel safety
    ///
    /// As [`Graph::call`].
    pub async fn ask<E: Endpoint + Sync + ?Sized>(
        &self,
        access: &Access,
        endpoint: &E,
    ) -> Result<Reply<E::Output>, Error> {
        let call = endpoint.call()?;
        match self.exchange(access, &call).await {
            Ok(answer) => Ok(Reply {
                output: endpoint.read(&answer)?,
                usage: answer.usage,
                version: answer.version,
            }),
            Err(Error::Api(refusal)) => {
                let usage = refusal.usage.clone();
                Ok(Reply {
                    output: endpoint.refused(*refusal)?,
                    usage,
                    version: None,
                })
            }
            Err(error) => Err(error),
        }
    }

    async fn exchange(&self, access: &Access, call: &Call) -> Result<Answer, Error> {
        let _turn = match &call.conversation {
            Some(conversation) => Some(self.lanes.turn(conversation.clone()).await),
            None => None,
        };
        let Some(clock) = &self.clock else {
            return self.attempt(access, call, call.timeout).await;
        };
        let mut longest = self.retry.deadline;
        if call.timeout > CALL_TIMEOUT {
            longest = longest.max(call.timeout);
        }
        let deadline = clock.elapsed().saturating_add(longest);
        let mut attempt = 1;
        loop {
            let now = clock.elapsed();
            let left = deadline.saturating_sub(now);
            let wait = self.pace.admit(access, call, now, left);
            if wait > left {
                return Err(Error::Paused { wait });
            }
            if !wait.is_zero() {
                clock.sleep(wait).await;
            }
            let left = deadline.saturating_sub(clock.elapsed());
            let result = self.attempt(access, call, call.timeout.min(left)).await;
            let now = clock.elapsed();
            let error = match result {
                Ok(answer) => {
                    self.pace.observe(access, call, &answer.usage, now);
                    return Ok(answer);
                }
                Err(error) => error,
            };
            self.pace.fail(access, call, &error, now);
            let wait = self.retry.wait(call.class, &error, attempt, clock.random());
            match wait {
                Some(wait) if now.saturating_add(wait) < deadline => clock.sleep(wait).await,
                _ => return Err(error),
            }
            attempt += 1;
        }
    }

    async fn attempt(
        &self,
        access: &Access,
        call: &Call,
        timeout: Duration,
    ) -> Result<Answer, Error> {
        let request = self.request(access, call, timeout);
        Answer::read(&self.transport.send(request).await?)
    }

    /// The call as a request, with token and proof.
    fn request(&self, access: &Access, call: &Call, timeout: Duration) -> Request {
        let mut url = format!("{}/{}/{}", self.base, self.version, call.path.as_str());
        let mut query: Vec<(&str, &str)> = Vec::new();
        query.extend(
            call.query
                .iter()
                .map(|(name, value)| (name.as_ref(), value.as_str())),
        );
        let (proof, time) = match &self.clock {
            Some(clock) if self.is_proof_timed => {
                let (proof, seconds) = access.proof_at(clock.now());
                (proof, Some(seconds.to_string()))
            }
            _ => (access.proof(), None),
        };
        if call.is_authorised {
            query.push(("appsecret_proof", &proof));
            query.extend(time.iter().map(|time| ("appsecret_time", time.as_str())));
        }
        if !query.is_empty() {
            url.push('?');
            push_parameters(&mut url, query);
        }
        Request {
            method: call.method,
            url,
            bearer: call.is_authorised.then(|| access.token.clone()),
            body: body(access, &call.payload),
            max_response_bytes: MAX_ANSWER_BYTES,
            timeout,
        }
    }
}

fn body(access: &Access, payload: &Payload) -> Option<Body> {
    match payload {
        Payload::Empty => None,
        Payload::Json(bytes) => Some(Body::Bytes {
            content_type: "application/json",
            bytes: bytes.clone(),
        }),
        Payload::Form(fields) => {
            let mut form = String::new();
            let fields = fields.iter();
            push_parameters(
                &mut form,
                fields.map(|(name, value)| (name.as_ref(), value.as_str())),
            );
            Some(Body::Bytes {
                content_type: "application/x-www-form-urlencoded",
                bytes: form.into_bytes(),
            })
        }
        Payload::Multipart { fields, file } => {
            let boundary = access.boundary();
            let fields = fields.iter();
            let fields = fields.map(|(name, value)| (name.as_ref(), value.as_str()));
            let parts = Multipart::new(&boundary, fields, file);
            Some(Body::Stream {
                content_type: format!("multipart/form-data; boundary={boundary}"),
                bytes: parts.bytes(),
                source: Arc::new(parts),
            })
        }
    }
}
