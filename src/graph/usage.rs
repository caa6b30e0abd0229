//! How much of Meta's rate limits is used, from the headers of a response.

use std::time::Duration;

use http::HeaderMap;
use serde_json::{Map, Value};

use super::Object;

/// How much of Meta's rate limits is used.
///
/// Meta sends the headers only after a notable part is used, and any response may lack them.
///
/// <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Usage {
    /// Limit of the app (`X-App-Usage`). Absent without the header.
    pub app: Option<LimitUsage>,
    /// Limit of the Page in an older header (`X-Page-Usage`). Absent without the header.
    pub page: Option<LimitUsage>,
    /// Limits of a Page or business, one for each kind of use (`X-Business-Use-Case-Usage`). Empty
    /// without the header.
    pub business: Vec<LimitUsage>,
}

/// How much of one limit is used, in percent. From 100 on, Meta refuses calls.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct LimitUsage {
    /// Id of the Page or business. Absent for the app's limit and in the Page's older header.
    pub business: Option<String>,
    /// Kind of use, such as `messenger` or `pages`. Absent when Meta does not name it.
    #[doc(alias = "type")]
    pub kind: Option<String>,
    /// Number of calls, in percent of the limit.
    #[doc(alias = "call_count")]
    pub calls: f64,
    /// Total time of the calls, in percent of the limit.
    #[doc(alias = "total_time")]
    pub time: f64,
    /// Processor time of the calls, in percent of the limit.
    #[doc(alias = "total_cputime")]
    pub cpu_time: f64,
    /// Time until Meta accepts calls again, at most an hour. Zero when it accepts them now.
    #[doc(alias = "estimated_time_to_regain_access")]
    pub regain_after: Duration,
}

impl LimitUsage {
    /// Returns the largest of the three percentages.
    pub fn worst(&self) -> f64 {
        self.calls.max(self.time).max(self.cpu_time)
    }
}

impl Usage {
    /// Reads the three headers. One that cannot be read counts as absent.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let header = |name: &str| {
            let text = headers.get(name)?.to_str().ok()?;
            serde_json::from_str::<Map<String, Value>>(text).ok()
        };
        let limit = |name| header(name).map(|members| limit(Object::new(&Value::Object(members))));
        let business = header("x-business-use-case-usage").unwrap_or_default();
        Self {
            app: limit("x-app-usage"),
            page: limit("x-page-usage"),
            business: business.iter().flat_map(business_usage).collect(),
        }
    }

    /// Returns the largest percentage of all limits, or `None` without headers.
    pub fn worst(&self) -> Option<f64> {
        let limits = self.app.iter().chain(&self.page).chain(&self.business);
        limits.map(LimitUsage::worst).reduce(f64::max)
    }

    /// Returns the time until Meta accepts all calls again, or `None` when it accepts them now.
    pub fn regain_after(&self) -> Option<Duration> {
        let longest = self.business.iter().map(|usage| usage.regain_after).max()?;
        (!longest.is_zero()).then_some(longest)
    }
}

/// Longest wait that is accepted from Meta: an hour. A larger number is reduced to it.
pub(super) const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// Reads how long Meta asks to wait: `Retry-After` in seconds, or the usage headers.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get("retry-after")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.trim().parse().ok());
    seconds
        .map(|seconds| Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
        .or_else(|| Usage::from_headers(headers).regain_after())
}

fn limit(object: Object<'_>) -> LimitUsage {
    let percent = |name| {
        let number = object.decimal(name).unwrap_or_default();
        if number.is_finite() { number } else { 0.0 }
    };
    let minutes = object.number("estimated_time_to_regain_access");
    let minutes = minutes.unwrap_or_default().max(0).unsigned_abs();
    LimitUsage {
        business: None,
        kind: object.text("type"),
        calls: percent("call_count"),
        time: percent("total_time"),
        cpu_time: percent("total_cputime"),
        regain_after: Duration::from_secs(minutes.saturating_mul(60)).min(MAX_RETRY_AFTER),
    }
}

fn business_usage((business, uses): (&String, &Value)) -> Vec<LimitUsage> {
    let uses = uses.as_array().map_or(&[][..], Vec::as_slice).iter();
    uses.map(Object::new)
        .filter(|object| !object.is_empty())
        .map(|object| LimitUsage {
            business: Some(business.clone()),
            ..limit(object)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(headers: &[(&'static str, &str)]) -> HeaderMap {
        let headers = headers.iter();
        headers
            .map(|(name, value)| {
                (
                    name.to_ascii_lowercase().parse().unwrap(),
                    value.parse().unwrap(),
                )
            })
            .collect::<HeaderMap<http::HeaderValue>>()
    }

    #[test]
    fn c7_the_usage_comes_from_the_headers() {
        // platform.md 9.2
        let usage = Usage::from_headers(&headers(&[
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
        let app = usage.app.clone().unwrap();
        assert_eq!((app.calls, app.time, app.cpu_time), (28.0, 25.0, 26.0));
        assert_eq!(usage.page.as_ref().unwrap().worst(), 3.0);
        let business = &usage.business[0];
        assert_eq!(
            (business.business.as_deref(), business.kind.as_deref()),
            (Some("102030405060708"), Some("messenger"))
        );
        assert_eq!(usage.worst(), Some(95.0));
        assert_eq!(usage.regain_after(), Some(Duration::from_secs(180)));
    }

    #[test]
    fn an_unreadable_header_counts_as_absent() {
        assert_eq!(Usage::from_headers(&headers(&[])), Usage::default());
        for garbage in [
            "",
            "[]",
            "no",
            "{",
            r#"{"1":{"call_count":7}}"#,
            r#"{"1":[7]}"#,
        ] {
            let usage = Usage::from_headers(&headers(&[
                ("x-business-use-case-usage", garbage),
                ("x-app-usage", "nonsense"),
            ]));
            assert_eq!(usage, Usage::default(), "{garbage}");
        }
        assert_eq!(Usage::default().worst(), None);
    }

    #[test]
    fn retry_after_comes_from_its_header_or_from_the_usage() {
        let seconds = headers(&[("Retry-After", "7")]);
        assert_eq!(retry_after(&seconds), Some(Duration::from_secs(7)));
        let usage = (
            "x-business-use-case-usage",
            r#"{"1":[{"estimated_time_to_regain_access":2}]}"#,
        );
        let minutes = headers(&[("retry-after", "soon"), usage]);
        assert_eq!(retry_after(&minutes), Some(Duration::from_secs(120)));
        assert_eq!(retry_after(&headers(&[])), None);
    }

    #[test]
    fn g7_an_absurd_wait_is_capped_at_an_hour() {
        let hour = Duration::from_secs(3600);
        for seconds in ["3601", "99999999999", "18446744073709551615"] {
            let found = retry_after(&headers(&[("retry-after", seconds)]));
            assert_eq!(found, Some(hour), "{seconds}");
        }
        for minutes in ["61", "100000000", "9223372036854775807"] {
            let json = format!(r#"{{"1":[{{"estimated_time_to_regain_access":{minutes}}}]}}"#);
            let found = retry_after(&headers(&[("x-business-use-case-usage", &json)]));
            assert_eq!(found, Some(hour), "{minutes}");
        }
    }
}
