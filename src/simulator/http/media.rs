//! Pictures of people, uploads, and the samples that people send.

use std::collections::BTreeMap;

use hyper::header::{HeaderValue, LOCATION};
use hyper::{Method, StatusCode};

use crate::simulator::platform::media::{self as platform, FILES, LINKS};
use crate::simulator::platform::profile::{PICTURE, REDIRECT, picture};

use super::response::{Answer, Asked, content, pairs, text};
use super::shared::Shared;

/// A PDF of one empty page.
const PDF: &str = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\n\
trailer<</Root 1 0 R>>\n%%EOF\n";
/// Types of uploaded files that a browser may show.
const SHOWN: [&str; 14] = [
    "application/pdf",
    "audio/aac",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "audio/webm",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/webp",
    "video/mp4",
    "video/ogg",
    "video/webm",
];
const LIKE: &[u8] = include_bytes!("../world/media/like.png");
/// Samples per second of the voice message.
const RATE: u32 = 8000;

/// Answers a request for a file. `None` when the path is of none.
pub(crate) fn answer(shared: &Shared, asked: &Asked) -> Option<Answer> {
    if asked.method() != Method::GET {
        return None;
    }
    let path = asked.uri().path();
    Some(match path {
        PICTURE => portrait(shared, asked),
        REDIRECT => redirect(asked),
        "/media/like.png" => png(LIKE),
        path => match path.strip_prefix(LINKS) {
            Some(rest) => link(shared, asked, rest),
            None => file(shared, asked, path.strip_prefix(FILES)?),
        },
    })
}

/// Redirects a link to its file.
fn link(shared: &Shared, asked: &Asked, rest: &str) -> Answer {
    let id = rest.split('/').next().unwrap_or_default();
    let query = asked.uri().query().unwrap_or_default();
    if !is_valid(shared, id, query) {
        return ended();
    }
    found_at(format!("{FILES}{id}?{query}"))
}

fn is_valid(shared: &Shared, id: &str, query: &str) -> bool {
    let query: BTreeMap<_, _> = pairs(query.as_bytes()).collect();
    let value = |name| query.get(name).map_or("", String::as_str);
    shared.look(|world| platform::is_valid(world, id, value("ext"), value("hash")))
}

fn ended() -> Answer {
    text(StatusCode::FORBIDDEN, "URL signature expired")
}

/// The file behind a link: a sample, or an uploaded one.
fn file(shared: &Shared, asked: &Asked, id: &str) -> Answer {
    if !is_valid(shared, id, asked.uri().query().unwrap_or_default()) {
        return ended();
    }
    match id {
        "parcel.png" => png(include_bytes!("../world/media/parcel.png")),
        "like.png" => png(LIKE),
        "order.pdf" => content(StatusCode::OK, "application/pdf", PDF),
        "voice.wav" => content(StatusCode::OK, "audio/wav", voice()),
        id => upload(shared, id),
    }
}

fn png(bytes: &'static [u8]) -> Answer {
    content(StatusCode::OK, "image/png", bytes)
}

/// One second of a falling tone.
fn voice() -> Vec<u8> {
    let samples = (0..RATE).map(|place| {
        // A square wave whose period grows.
        let period = 16 + place / 400;
        if place / period % 2 == 0 { 140 } else { 116 }
    });
    let samples: Vec<u8> = samples.collect();
    let mut file = b"RIFF".to_vec();
    let mut add = |bytes: &[u8]| file.extend_from_slice(bytes);
    add(&(36 + RATE).to_le_bytes());
    add(b"WAVEfmt ");
    add(&16_u32.to_le_bytes());
    // PCM, one channel.
    add(&[1, 0, 1, 0]);
    add(&RATE.to_le_bytes());
    add(&RATE.to_le_bytes());
    // One byte a sample, eight bits.
    add(&[1, 0, 8, 0]);
    add(b"data");
    add(&RATE.to_le_bytes());
    add(&samples);
    file
}

/// Redirects to the address of the picture.
fn redirect(asked: &Asked) -> Answer {
    let query = asked.uri().query().unwrap_or_default();
    found_at(format!("{PICTURE}?{query}"))
}

fn found_at(location: String) -> Answer {
    let mut answer = text(StatusCode::FOUND, "");
    if let Ok(location) = HeaderValue::try_from(location) {
        answer.headers_mut().insert(LOCATION, location);
    }
    answer
}

fn portrait(shared: &Shared, asked: &Asked) -> Answer {
    let query = asked.uri().query().unwrap_or_default();
    let query: BTreeMap<_, _> = pairs(query.as_bytes()).collect();
    let value = |name| query.get(name).map_or("", String::as_str);
    let (psid, width) = (value("psid"), value("width"));
    let found = shared.with(|world| picture(world, psid, width, value("ext"), value("hash")));
    match found {
        Some(portrait) => png(portrait),
        None => ended(),
    }
}

/// An uploaded file.
fn upload(shared: &Shared, id: &str) -> Answer {
    let Some(file) = shared.look(|world| world.files.get(id).cloned()) else {
        return text(StatusCode::NOT_FOUND, "nothing here");
    };
    // The uploader chose the type: nothing of it may run here.
    let mut known = SHOWN.iter().copied();
    let kind = known.find(|kind| *kind == file.media_type);
    let kind = kind.unwrap_or("application/octet-stream");
    content(StatusCode::OK, kind, file.bytes)
}
