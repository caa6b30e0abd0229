//! The pages: one shell, its scripts and its style, compiled in.

use hyper::{HeaderMap, StatusCode, header};

use crate::{
    server::{Reply, bytes},
    words::Language,
};

const SHELL: &str = include_str!("web/page.html");

pub(crate) fn shell(headers: &HeaderMap, demo: bool) -> Reply {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let language = Language::choose(text(header::COOKIE), text(header::ACCEPT_LANGUAGE));
    let words = match serde_json::to_string(language.words()) {
        // Or `</script>` in a word would end the element.
        Ok(words) => words.replace('<', "\\u003c"),
        Err(_) => return bytes(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", ""),
    };
    let page = SHELL
        .replace("{{lang}}", language.code())
        .replace("{{title}}", "Messenger CRM")
        .replace("{{demo}}", if demo { "true" } else { "false" })
        .replace("{{words}}", &words);
    bytes(StatusCode::OK, "text/html; charset=utf-8", page)
}

pub(crate) fn asset(path: &str) -> Option<Reply> {
    const SCRIPT: &str = "text/javascript; charset=utf-8";
    let (media_type, text) = match path {
        "/app.js" => (SCRIPT, include_str!("web/app.js")),
        "/api.js" => (SCRIPT, include_str!("web/api.js")),
        "/parts.js" => (SCRIPT, include_str!("web/parts.js")),
        "/inbox.js" => (SCRIPT, include_str!("web/inbox.js")),
        "/conversation.js" => (SCRIPT, include_str!("web/conversation.js")),
        "/customer.js" => (SCRIPT, include_str!("web/customer.js")),
        "/settings.js" => (SCRIPT, include_str!("web/settings.js")),
        "/style.css" => ("text/css; charset=utf-8", include_str!("web/style.css")),
        _ => return None,
    };
    Some(bytes(StatusCode::OK, media_type, text))
}
