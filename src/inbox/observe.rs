//! Observability: spans and events of `tracing` (feature `tracing`), and counters and gauges of `metrics`
//! (feature `metrics`). They contain no text, name, token or PSID.
//!
//! | Metric | Labels | Counts |
//! |---|---|---|
//! | `messenger_events_total` | `kind`, `applied` | events received |
//! | `messenger_sends_total` | `outcome` | attempts to send |
//! | `messenger_work_errors_total` | `error` | failed pieces of work |
//! | `messenger_page_problems_total` | `problem` | calls that showed a problem of a Page |
//! | `messenger_resubscriptions_total` | | Pages that were not subscribed any more |
//! | `messenger_queue_depth` | `kind` | gauge: work that is due, by [`Inbox::health`](super::Inbox::health) |
//! | `messenger_queue_oldest_seconds` | `kind` | gauge: how long the oldest has been due |
//!
//! | Span | Fields | Around |
//! |---|---|---|
//! | `delivery` | `app` | the commit of a delivery by the service |
//! | `work` | `kind`, `page` | a piece of work, from its claim to its outcome |
//!
//! | Event | Level | Fields |
//! |---|---|---|
//! | `event received` | debug | `kind`, `applied` |
//! | `send attempted` | info | `outcome`, and Meta's `advice`, `code`, `subcode` and `trace` |
//! | `work failed` | warn | `error` |
//! | `page problem` | warn | `problem`, `cure` |
//! | `the app was not subscribed to the page` | warn | |
//!
//! Spans and events have the target `messenger_crm::inbox`. The spans have the level info.

use std::future::Future;

use super::{InboxError, PageProblem};
use crate::{
    change::{Applied, SendOutcome},
    id::AppId,
    store::Pending,
};

#[cfg(feature = "tracing")]
const TARGET: &str = "messenger_crm::inbox";

macro_rules! count {
    ($name:literal $(, $label:literal => $value:expr)*) => {
        #[cfg(feature = "metrics")]
        metrics::counter!($name $(, $label => $value)*).increment(1);
    };
}

/// A span; nothing without the feature `tracing`.
pub(super) struct Span {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

impl Span {
    pub(super) fn of_delivery(app: &AppId) -> Self {
        let _ = app;
        Self {
            #[cfg(feature = "tracing")]
            span: tracing::info_span!(target: TARGET, "delivery", app = app.as_str()),
        }
    }

    pub(super) fn of_work(pending: &Pending) -> Self {
        let _ = pending;
        Self {
            #[cfg(feature = "tracing")]
            span: {
                let (kind, page) = (kind(pending), pending.page().as_str());
                tracing::info_span!(target: TARGET, "work", kind, page)
            },
        }
    }

    /// Runs a future within the span.
    pub(super) async fn around<F: Future>(self, future: F) -> F::Output {
        #[cfg(feature = "tracing")]
        let future = tracing::Instrument::instrument(future, self.span);
        future.await
    }
}

#[cfg(feature = "tracing")]
fn kind(pending: &Pending) -> &str {
    match pending {
        Pending::Send { .. } | Pending::Lapsed { .. } => "send",
        Pending::FetchProfile { .. } => "profile",
        Pending::Wake { .. } => "wake",
        Pending::Erase { .. } => "erase",
        Pending::Item { key, .. } => key.kind.as_str(),
    }
}

pub(super) fn received(kind: &str, applied: Applied) {
    let applied = match applied {
        Applied::New { .. } => "new",
        Applied::Kept => "kept",
        Applied::Changed => "changed",
        Applied::Unchanged => "unchanged",
        Applied::Parked => "parked",
        Applied::Forgotten => "forgotten",
        Applied::Refused => "refused",
    };
    #[cfg(feature = "tracing")]
    tracing::debug!(target: TARGET, kind, applied, "event received");
    count!("messenger_events_total", "kind" => kind.to_owned(), "applied" => applied);
    let _ = (kind, applied);
}

pub(super) fn sent(outcome: &SendOutcome) {
    let (outcome, reason) = match outcome {
        SendOutcome::Sent { .. } => ("sent", None),
        SendOutcome::Unknown => ("unknown", None),
        SendOutcome::NotSent { reason, .. } => ("not_sent", reason.as_ref()),
        SendOutcome::Failed { reason } => ("failed", Some(reason)),
        SendOutcome::Dismissed => ("dismissed", None),
    };
    #[cfg(feature = "tracing")]
    tracing::info!(
        target: TARGET,
        outcome,
        advice = reason.map(|reason| reason.advice.as_str()),
        code = reason.and_then(|reason| reason.code),
        subcode = reason.and_then(|reason| reason.subcode),
        trace = reason.and_then(|reason| reason.trace.as_deref()),
        "send attempted"
    );
    count!("messenger_sends_total", "outcome" => outcome);
    let _ = (outcome, reason);
}

#[cfg_attr(not(feature = "tokio"), allow(dead_code))]
pub(super) fn failed(error: &InboxError) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: TARGET, error = %error, "work failed");
    count!("messenger_work_errors_total", "error" => error.kind());
    let _ = error;
}

pub(super) fn page_problem(problem: PageProblem) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: TARGET, problem = problem.as_str(), cure = problem.cure(), "page problem");
    count!("messenger_page_problems_total", "problem" => problem.as_str());
    let _ = problem;
}

pub(super) fn resubscribed() {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: TARGET, "the app was not subscribed to the page");
    count!("messenger_resubscriptions_total");
}

pub(super) fn queue(kind: &str, depth: u32, oldest: std::time::Duration) {
    #[cfg(feature = "metrics")]
    {
        metrics::gauge!("messenger_queue_depth", "kind" => kind.to_owned()).set(f64::from(depth));
        metrics::gauge!("messenger_queue_oldest_seconds", "kind" => kind.to_owned())
            .set(oldest.as_secs_f64());
    }
    let _ = (kind, depth, oldest);
}
