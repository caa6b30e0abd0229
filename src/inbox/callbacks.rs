//! The deauthorize and data deletion callbacks of the HTTP service, and the status page.

use std::sync::Arc;

use http::{HeaderValue, Method, Response, StatusCode, header, request::Parts};
use http_body::Body;

use super::{
    Callback,
    body::Reading,
    privacy::{self, PrivacyRequestKind},
    service::{Report, WebhookService, not_allowed, not_found, reported},
};
use crate::webhook::{DeletionResponse, SignedRequestError, text_response};

/// Largest form of a callback.
const MAX_FORM_BYTES: usize = 64 * 1024;

impl WebhookService {
    /// Records a privacy request. The response to a deletion request names its status page.
    pub(super) async fn record<B>(
        &self,
        callback: &Callback,
        parts: &Parts,
        body: B,
        kind: PrivacyRequestKind,
    ) -> Response<String>
    where
        B: Body + Send,
        B::Data: Send,
    {
        if parts.method != Method::POST {
            return not_allowed("POST");
        }
        let status_page = match (kind, &self.setup.public_url) {
            (PrivacyRequestKind::Deauthorization, _) => None,
            (PrivacyRequestKind::Deletion, Some(url)) => Some(format!("{url}{}", parts.uri.path())),
            (PrivacyRequestKind::Deletion, None) => return not_found(),
        };
        let reading = Reading {
            max_bytes: MAX_FORM_BYTES,
            ..self.setup.reading
        };
        let form = match self.read(&reading, parts, body).await {
            Ok(form) => form,
            Err(refusal) => return refusal,
        };
        let signed = match callback.webhook.signed_request(form.bytes()) {
            Ok(signed) => signed,
            Err(error) => {
                let status = match error {
                    SignedRequestError::Wrong => StatusCode::UNAUTHORIZED,
                    _ => StatusCode::BAD_REQUEST,
                };
                return text_response(status, format!("{error}\n"));
            }
        };
        let now = self.setup.inbox.graph.clock().now();
        let recorded = privacy::record(&self.setup.inbox, &callback.app, kind, &signed, now);
        let recorded = async { recorded.await.map(|()| Report::Recorded) };
        let mut response = self.report(recorded).await;
        if let (StatusCode::OK, Some(status_page)) = (response.status(), status_page) {
            let code = signed.confirmation_code();
            let deletion = DeletionResponse {
                url: format!("{status_page}/{code}"),
                confirmation_code: code.to_owned(),
            };
            *response.body_mut() = serde_json::json!(deletion).to_string();
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
        }
        response
    }

    /// The status page of a privacy request.
    pub(super) async fn status(
        &self,
        callback: &Callback,
        parts: &Parts,
        code: &str,
    ) -> Response<String> {
        if parts.method != Method::GET && parts.method != Method::HEAD {
            return not_allowed("GET, HEAD");
        }
        let request = privacy::request(&self.setup.inbox, &callback.app, code);
        match self.within(request).await {
            Some(Ok(Some(request))) => text_response(StatusCode::OK, request.status_text()),
            Some(Ok(None)) => not_found(),
            Some(Err(error)) => reported(Report::Failed(Arc::new(error))),
            None => reported(Report::TimedOut),
        }
    }
}
