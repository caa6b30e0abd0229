//! How much of Meta's limits is used, as the headers of an answer tell.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{Object, Response};

/// How much of Meta's limits is used.
///
/// The headers come only once a notable share is used, and may be missing on any answer.
///
/// <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Usage {
    /// Of what the whole app may do.
    pub app: Option<Share>,
    /// Of what the Page may do, in an older header.
    pub page: Option<Share>,
    /// Of what a Page or business may do, one for each kind of use.
    pub business: Vec<BusinessUsage>,
}

/// Percentages of a limit: from 100 on, calls are refused.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Share {
    /// Of the number of calls.
    pub calls: f64,
    /// Of the time they took.
    pub time: f64,
    /// Of the processor time they took.
    pub cpu_time: f64,
}

/// How much of one kind of use of a Page or business is used.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BusinessUsage {
    /// The id of the Page or business.
    pub business: String,
    /// The kind, such as `messenger` or `pages`.
    pub kind: String,
    /// The percentages.
    pub share: Share,
    /// How long until calls are taken again; nothing when they are.
    pub regain_after: Duration,
}

impl Share {
    /// The worst of the three.
    pub fn worst(&self) -> f64 {
        self.calls.max(self.time).max(self.cpu_time)
    }
}

impl Usage {
    /// Reads the three headers; one that cannot be read is one that is missing.
    pub(super) fn read(response: &Response) -> Self {
        let header = |name| serde_json::from_str::<Map<String, Value>>(response.header(name)?).ok();
        let share = |name| header(name).map(|members| share(Object::of(&Value::Object(members))));
        let business = header("x-business-use-case-usage").unwrap_or_default();
        Self {
            app: share("x-app-usage"),
            page: share("x-page-usage"),
            business: business.iter().flat_map(business_usage).collect(),
        }
    }

    /// The worst percentage of all, if any was told.
    pub fn worst(&self) -> Option<f64> {
        let shares = [self.app, self.page].into_iter().flatten();
        let business = self.business.iter().map(|usage| usage.share);
        shares
            .chain(business)
            .map(|share| share.worst())
            .reduce(f64::max)
    }

    /// How long until all calls are taken again, if some are not.
    pub fn regain_after(&self) -> Option<Duration> {
        let longest = self.business.iter().map(|usage| usage.regain_after).max()?;
        (!longest.is_zero()).then_some(longest)
    }
}

/// How long Meta asks to wait: `Retry-After` in seconds, or what the usage says.
pub(super) fn retry_after(response: &Response) -> Option<Duration> {
    let header = response.header("retry-after");
    let seconds = header.and_then(|text| text.trim().parse().ok());
    seconds
        .map(Duration::from_secs)
        .or_else(|| Usage::read(response).regain_after())
}

fn share(object: Object<'_>) -> Share {
    let percentage = |name| {
        let number = object.decimal(name).unwrap_or_default();
        if number.is_finite() { number } else { 0.0 }
    };
    Share {
        calls: percentage("call_count"),
        time: percentage("total_time"),
        cpu_time: percentage("total_cputime"),
    }
}

fn business_usage((business, uses): (&String, &Value)) -> Vec<BusinessUsage> {
    let uses = uses.as_array().map_or(&[][..], Vec::as_slice).iter();
    uses.map(Object::of)
        .filter(|object| !object.is_empty())
        .map(|object| {
            let minutes = object.number("estimated_time_to_regain_access");
            let minutes = minutes.unwrap_or_default().clamp(0, 7 * 24 * 60);
            BusinessUsage {
                business: business.clone(),
                kind: object.text("type").unwrap_or_default(),
                share: share(object),
                regain_after: Duration::from_secs(minutes.unsigned_abs() * 60),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(headers: &[(&str, &str)]) -> Response {
        let response = Response::new(200, None, b"{}".to_vec());
        headers.iter().fold(response, |response, (name, value)| {
            response.with_header(*name, *value)
        })
    }

    #[test]
    fn c7_the_headers_tell_the_usage() {
        // platform.md 9.2
        let usage = Usage::read(&response(&[
            (
                "X-App-Usage",
                r#"{"call_count":28,"total_time":25,"total_cputime":26}"#,
            ),
            (
                "x-page-usage",
                r#"{"call_count":1.5,"total_time":"3","total_cputime":2}"#,
            ),
            (
                "X-Business-Use-Case-Usage",
                r#"{"102030405060708":[{"type":"messenger","call_count":95,"total_cputime":20,"total_time":20,"estimated_time_to_regain_access":3}]}"#,
            ),
        ]));
        let app = usage.app.unwrap();
        assert_eq!((app.calls, app.time, app.cpu_time), (28.0, 25.0, 26.0));
        assert_eq!(usage.page.unwrap().worst(), 3.0);
        let business = &usage.business[0];
        assert_eq!(
            (business.business.as_str(), business.kind.as_str()),
            ("102030405060708", "messenger")
        );
        assert_eq!(usage.worst(), Some(95.0));
        assert_eq!(usage.regain_after(), Some(Duration::from_secs(180)));
    }

    #[test]
    fn what_cannot_be_read_is_missing() {
        assert_eq!(Usage::read(&response(&[])), Usage::default());
        for garbage in [
            "",
            "[]",
            "no",
            "{",
            r#"{"1":{"call_count":7}}"#,
            r#"{"1":[7]}"#,
        ] {
            let usage = Usage::read(&response(&[
                ("x-business-use-case-usage", garbage),
                ("x-app-usage", "nonsense"),
            ]));
            assert_eq!(usage, Usage::default(), "{garbage}");
        }
        assert_eq!(Usage::default().worst(), None);
    }

    #[test]
    fn retry_after_comes_from_its_header_or_from_the_usage() {
        let seconds = response(&[("Retry-After", "7")]);
        assert_eq!(retry_after(&seconds), Some(Duration::from_secs(7)));
        let usage = (
            "x-business-use-case-usage",
            r#"{"1":[{"estimated_time_to_regain_access":2}]}"#,
        );
        let minutes = response(&[("retry-after", "soon"), usage]);
        assert_eq!(retry_after(&minutes), Some(Duration::from_secs(120)));
        assert_eq!(retry_after(&response(&[])), None);
    }
}
