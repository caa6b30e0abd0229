//! Versions of the Graph API.

/// Oldest version that is alive.
const OLDEST: u16 = 21;
/// Newest version.
pub(crate) const NEWEST: u16 = 27;

/// Returns the version that serves a path, and the path without version and slashes.
///
/// An expired version and none at all are served by the oldest one. `None` when the version does not
/// exist yet.
pub(crate) fn split(path: &str) -> Option<(String, &str)> {
    let path = path.trim_matches('/');
    let oldest = format!("v{OLDEST}.0");
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let number = first.strip_prefix('v');
    let number = number.and_then(|number| number.split_once('.'));
    let Some((Ok(major), Ok(minor))) =
        number.map(|(major, minor)| (major.parse::<u16>(), minor.parse::<u16>()))
    else {
        return Some((oldest, path));
    };
    match major {
        _ if major > NEWEST || minor > 0 && major > 3 => None,
        _ if major < OLDEST => Some((oldest, rest)),
        _ => Some((format!("v{major}.0"), rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l17_expired_versions_are_served_by_the_oldest_one_and_unknown_ones_are_refused() {
        let served = |path| split(path).map(|(version, rest)| format!("{version} {rest}"));
        assert_eq!(served("/v27.0/me").as_deref(), Some("v27.0 me"));
        assert_eq!(served("/v6.0/me/").as_deref(), Some("v21.0 me"));
        assert_eq!(served("/v2.6/me").as_deref(), Some("v21.0 me"));
        assert_eq!(served("/me").as_deref(), Some("v21.0 me"));
        assert_eq!(served("/v25/me").as_deref(), Some("v21.0 v25/me"));
        assert_eq!(served("/v22.0").as_deref(), Some("v22.0 "));
        assert_eq!(served("/v99.0/me"), None);
    }
}
