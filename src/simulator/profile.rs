//! Who a person is, and their picture.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{HeaderValue, LOCATION};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::Platform;
use super::app::{Person, hex, hmac};
use super::choice::ProfileAnswer;
use super::graph::Refusal;
use super::parameters::{Parameters, fields};
use super::server::{Answer, Asked, content, pairs, text};

/// How long a picture's address lives, in seconds.
const PICTURE_LIFE: u64 = 30 * 24 * 60 * 60;
/// Path of a picture.
pub(super) const PICTURE: &str = "/platform/profilepic/";
/// Path that redirects to a picture.
pub(super) const REDIRECT: &str = "/platform/profilepic/redirect/";
const LATE: Duration = Duration::from_secs(10);

pub(super) async fn profile(
    platform: &Platform,
    person: &Person,
    parameters: &Parameters,
) -> Result<Value, Refusal> {
    let chosen = platform.world().profiles;
    match chosen {
        ProfileAnswer::Empty => return Ok(json!({})),
        ProfileAnswer::Slow => sleep(LATE).await,
        _ => {}
    }
    if chosen == ProfileAnswer::Refused || !person.has_profile {
        let message = "(#100) No profile available for this user.";
        return Err(Refusal::new(100, message).with_subcode(2_018_218));
    }
    let mut answer = json!({"id": person.psid});
    for field in fields(parameters, "first_name,last_name,profile_pic") {
        match field {
            "id" => {}
            "name" => answer["name"] = json!(person.name),
            "first_name" => answer["first_name"] = json!(person.first_name),
            "last_name" => answer["last_name"] = json!(person.last_name),
            "profile_pic" if chosen == ProfileAnswer::WithoutPicture => {}
            "profile_pic" if chosen == ProfileAnswer::PictureRefused => {
                let words =
                    "(#10) This action was not submitted due to new privacy rules in Europe";
                return Err(Refusal::new(10, words));
            }
            "profile_pic" => answer["profile_pic"] = json!(address(platform, person, chosen)),
            // One field too many costs the whole answer.
            _ => return Err(nonexisting(field, "User")),
        }
    }
    Ok(answer)
}

pub(super) fn nonexisting(field: &str, node: &str) -> Refusal {
    let message =
        format!("(#100) Tried accessing nonexisting field ({field}) on node type ({node})");
    Refusal::new(100, message)
}

fn address(platform: &Platform, person: &Person, chosen: ProfileAnswer) -> String {
    let (psid, url) = (person.psid, &platform.url);
    let ext = (super::now() / 1000 + PICTURE_LIFE).to_string();
    let hash = hash(platform, psid, "1024", &ext);
    let path = match chosen {
        ProfileAnswer::PictureRedirects => REDIRECT,
        _ => PICTURE,
    };
    format!("{url}{path}?psid={psid}&width=1024&ext={ext}&hash={hash}")
}

fn hash(platform: &Platform, psid: &str, width: &str, ext: &str) -> String {
    let signed = format!("{psid}|{width}|{ext}");
    hex(&hmac(&platform.picture_key, signed.as_bytes())[..16])
}

/// Redirects to the address of the picture.
pub(super) fn redirect(asked: &Asked) -> Answer {
    let query = asked.uri().query().unwrap_or_default();
    let mut answer = text(StatusCode::FOUND, "");
    if let Ok(location) = HeaderValue::try_from(format!("{PICTURE}?{query}")) {
        answer.headers_mut().insert(LOCATION, location);
    }
    answer
}

pub(super) fn picture(platform: &Platform, asked: &Asked) -> Answer {
    let query = asked.uri().query().unwrap_or_default();
    let query: BTreeMap<_, _> = pairs(query.as_bytes()).collect();
    let value = |name| query.get(name).map_or("", String::as_str);
    let (psid, ext) = (value("psid"), value("ext"));
    let genuine = value("hash") == hash(platform, psid, value("width"), ext);
    let fresh = ext
        .parse::<u64>()
        .is_ok_and(|ext| ext > super::now() / 1000);
    let portrait = platform
        .world()
        .thread(psid)
        .map(|thread| thread.person.portrait);
    match portrait {
        Some(portrait) if genuine && fresh => content(StatusCode::OK, "image/png", portrait),
        _ => text(StatusCode::FORBIDDEN, "URL signature expired"),
    }
}

#[cfg(test)]
mod tests {
    use hyper::Request;
    use hyper::body::Bytes;

    use super::super::{Simulator, now};
    use super::*;

    // Only here, where the key is: nobody outside can sign an address of the past.
    #[tokio::test]
    async fn a_picture_expires() {
        let simulator = Simulator::start("127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let platform = &simulator.platform;
        let psid = Simulator::people()[0].psid;
        for (ext, status) in [(now() / 1000 - 1, 403), (now() / 1000 + 60, 200)] {
            let ext = ext.to_string();
            let hash = hash(platform, psid, "1024", &ext);
            let path =
                format!("/platform/profilepic/?psid={psid}&width=1024&ext={ext}&hash={hash}");
            let asked = Request::get(path).body(Bytes::new()).unwrap();
            assert_eq!(picture(platform, &asked).status(), status);
        }
    }
}
