//! Paths of the HTTP service.

/// Meaning of a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Route<'a> {
    Live,
    Ready,
    /// An endpoint of an app, with the app's path for [`Connections`](super::Connections).
    App(&'a str, Endpoint<'a>),
}

/// Endpoint of an app.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Endpoint<'a> {
    /// The callback URL: handshake and deliveries.
    Events,
    Deauthorize,
    Deletion,
    /// Status page of a request, with its confirmation code.
    Status(&'a str),
}

impl<'a> Route<'a> {
    pub(super) fn of(prefix: &str, path: &'a str) -> Option<Self> {
        match path {
            "/livez" => return Some(Self::Live),
            "/readyz" => return Some(Self::Ready),
            _ => {}
        }
        let rest = path.strip_prefix(prefix)?;
        if rest.is_empty() {
            return Some(Self::App("", Endpoint::Events));
        }
        let segments: Vec<&str> = rest.strip_prefix('/')?.splitn(4, '/').collect();
        if segments.iter().any(|segment| segment.is_empty()) {
            return None;
        }
        let (path, rest) = match segments.split_first()? {
            (&("deauthorize" | "deletion"), _) => ("", &*segments),
            (path, rest) => (*path, rest),
        };
        let endpoint = match *rest {
            [] => Endpoint::Events,
            ["deauthorize"] => Endpoint::Deauthorize,
            ["deletion"] => Endpoint::Deletion,
            ["deletion", code] => Endpoint::Status(code),
            _ => return None,
        };
        Some(Self::App(path, endpoint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h14_only_the_exact_path_is_a_callback_url() {
        for (path, route) in [
            ("/webhook", Some(Route::App("", Endpoint::Events))),
            ("/webhook/7Q4", Some(Route::App("7Q4", Endpoint::Events))),
            (
                "/webhook/deletion",
                Some(Route::App("", Endpoint::Deletion)),
            ),
            (
                "/webhook/deletion/c",
                Some(Route::App("", Endpoint::Status("c"))),
            ),
            (
                "/webhook/7Q4/deletion/c",
                Some(Route::App("7Q4", Endpoint::Status("c"))),
            ),
            (
                "/webhook/7Q4/deauthorize",
                Some(Route::App("7Q4", Endpoint::Deauthorize)),
            ),
            ("/webhook/7Q4/deauthorize/c", None),
            ("/webhook/7Q4/deletion/", None),
            ("/webhook/7Q4/deletion/c/d", None),
            ("/webhook/", None),
            ("/webhook//7Q4", None),
            ("/webhook/7Q4/", None),
            ("/webhookx", None),
            ("/Webhook", None),
            ("/", None),
            ("", None),
            ("/livez", Some(Route::Live)),
            ("/readyz", Some(Route::Ready)),
            ("/readyz/", None),
        ] {
            assert_eq!(Route::of("/webhook", path), route, "{path}");
        }
        let events = Route::App("7Q4", Endpoint::Events);
        assert_eq!(Route::of("", "/7Q4"), Some(events));
    }
}
