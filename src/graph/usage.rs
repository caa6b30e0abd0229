//! How much of Meta's rate limits is used, from the headers of a response.

use std::time::Duration;

use serde_json::{Map, Value};

use http::HeaderMap;

use super::Object;

/// How much of Meta's rate limits is used.
///
/// Meta sends the headers only once a notable part is used, and any response may lack them.
///
/// <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Usage {
    /// The app's limit (`X-App-Usage`).
    pub app: Option<UsagePercent>,
    /// The Page's limit in an older header (`X-Page-Usage`).
    pub page: Option<UsagePercent>,
    /// Limits of a Page or business, one for each kind of use (`X-Business-Use-Case-Usage`).
    pub business: Vec<BusinessUsage>,
}

/// Percentages of a limit. From 100 on, Meta refuses calls.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct UsagePercent {
    /// Number of calls.
    pub calls: f64,
    /// Total time of the calls.
    pub time: f64,
    /// Processor time of the calls.
    pub cpu_time: f64,
}

/// How much of one limit of a Page or business is used.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BusinessUsage {
    /// Id of the Page or business.
    pub business: String,
    /// Kind of use, such as `messenger` or `pages`; empty when Meta does not name it.
    pub kind: String,
    /// Percentages of the limit.
    pub percent: UsagePercent,
    /// Time until Meta accepts calls again, at most an hour; zero when it accepts them now.
    pub regain_after: Duration,
}

impl UsagePercent {
    /// Returns the largest of the three.
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
        let percent =
            |name| header(name).map(|members| percent(Object::new(&Value::Object(members))));
        let business = header("x-business-use-case-usage").unwrap_or_default();
        Self {
            app: percent("x-app-usage"),
            page: percent("x-page-usage"),
            business: business.iter().flat_map(business_usage).collect(),
        }
    }

    /// Returns the largest percentage of all limits, if the headers had any.
    pub fn worst(&self) -> Option<f64> {
        let percents = [self.app, self.page].into_iter().flatten();
        let business = self.business.iter().map(|usage| usage.percent);
        percents
            .chain(business)
            .map(|percent| percent.worst())
            .reduce(f64::max)
    }

    /// Returns the time until Meta accepts all calls again, if it refuses some now.
    pub fn regain_after(&self) -> Option<Duration> {
        let longest = self.business.iter().map(|usage| usage.regain_after).max()?;
        (!longest.is_zero()).then_some(longest)
    }
}

/// Longest wait that Meta can ask for: an hour. A larger number is capped.
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

fn percent(object: Object<'_>) -> UsagePercent {
    let percentage = |name| {
        let number = object.decimal(name).unwrap_or_default();
        if number.is_finite() { number } else { 0.0 }
    };
    UsagePercent {
        calls: percentage("call_count"),
        time: percentage("total_time"),
        cpu_time: percentage("total_cputime"),
    }
}

fn business_usage((business, uses): (&String, &Value)) -> Vec<BusinessUsage> {
    let uses = uses.as_array().map_or(&[][..], Vec::as_slice).iter();
    uses.map(Object::new)
        .filter(|object| !object.is_empty())
        .map(|object| {
            let minutes = object.number("estimated_time_to_regain_access");
            let seconds = minutes
                .unwrap_or_default()
                .max(0)
                .unsigned_abs()
                .saturating_mul(60);
            BusinessUsage {
                business: business.clone(),
                kind: object.text("type").unwrap_or_default(),
                percent: percent(object),
                regain_after: Duration::from_secs(seconds).min(MAX_RETRY_AFTER),
            }
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
