//! Profile of a person, and the signed address of their picture.

use serde_json::{Value, json};

use crate::simulator::world::World;
use crate::simulator::world::fault::ProfileAnswer;
use crate::simulator::world::names::{hex, hmac_sha256};

use super::parameters::{Parameters, fields};
use super::refusal::Refusal;

/// How long a picture's address lives, in seconds.
const PICTURE_LIFE: u64 = 30 * 24 * 60 * 60;
/// Path of a picture.
pub(crate) const PICTURE: &str = "/platform/profilepic/";
/// Path that redirects to a picture.
pub(crate) const REDIRECT: &str = "/platform/profilepic/redirect/";

/// The profile of a person, with the fields that are asked for.
pub(crate) fn profile(
    world: &World,
    psid: &str,
    parameters: &Parameters,
) -> Result<Value, Refusal> {
    let chosen = world.faults.profiles;
    if chosen == ProfileAnswer::Empty {
        return Ok(json!({}));
    }
    let thread = world.thread(psid).ok_or_else(Refusal::no_such_person)?;
    let person = &thread.person;
    // Readable once the person has consented by writing.
    if chosen == ProfileAnswer::Refused || !person.has_profile || thread.opening.is_none() {
        let words = "No profile available for this user.";
        return Err(Refusal::parameter(words).with_subcode(2_018_218));
    }
    let mut answer = json!({"id": person.psid});
    for field in fields(parameters, "first_name,last_name,profile_pic") {
        match field.as_str() {
            "id" => {}
            "name" => answer[&field] = json!(person.name),
            "first_name" => answer[&field] = json!(person.first_name),
            "last_name" => answer[&field] = json!(person.last_name),
            "profile_pic" if chosen == ProfileAnswer::WithoutPicture => {}
            "profile_pic" if chosen == ProfileAnswer::PictureRefused => {
                let words =
                    "(#10) This action was not submitted due to new privacy rules in Europe";
                return Err(Refusal::new(10, words));
            }
            "profile_pic" => {
                let path = match chosen {
                    ProfileAnswer::PictureRedirects => REDIRECT,
                    _ => PICTURE,
                };
                answer[&field] = json!(address(world, path, psid));
            }
            // One field too many costs the whole answer.
            _ => return Err(Refusal::nonexisting(&field, "User")),
        }
    }
    Ok(answer)
}

fn address(world: &World, path: &str, psid: &str) -> String {
    let url = &world.url;
    let ext = (world.now() / 1000 + PICTURE_LIFE).to_string();
    let hash = hash(world, psid, "1024", &ext);
    format!("{url}{path}?psid={psid}&width=1024&ext={ext}&hash={hash}")
}

fn hash(world: &World, psid: &str, width: &str, ext: &str) -> String {
    let signed = format!("{psid}|{width}|{ext}");
    hex(&hmac_sha256(&world.picture_key, signed.as_bytes())[..16])
}

/// The picture at an address, when its signature is right and not expired.
pub(crate) fn picture(
    world: &World,
    psid: &str,
    width: &str,
    ext: &str,
    given: &str,
) -> Option<&'static [u8]> {
    let is_genuine = given == hash(world, psid, width, ext);
    let is_fresh = ext.parse::<u64>().is_ok_and(|ext| ext > world.now() / 1000);
    let thread = world.thread(psid)?;
    (is_genuine && is_fresh).then_some(thread.person.portrait)
}
