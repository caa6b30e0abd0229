//! Files that lie at the simulator, and the signed links to them.
//!
//! A link redirects to another address, and both end after thirty days. Meta documents only that its
//! links end.

use crate::simulator::world::World;
use crate::simulator::world::file::File;
use crate::simulator::world::names::{hex, hmac_sha256};
use crate::simulator::world::thread::Attachment;

/// Life of a link, in seconds.
const LIFE: u64 = 30 * 24 * 60 * 60;
/// Path of the links.
pub(crate) const LINKS: &str = "/attachments/";
/// Path of the files that the links redirect to.
pub(crate) const FILES: &str = "/media/files/";
const LONGEST_NAME: usize = 100;

/// Keeps a file and returns the attachment that shows it.
pub(crate) fn keep(world: &mut World, kind: &str, file: File) -> Attachment {
    let id = world.names.id();
    world.files.insert(id.clone(), file);
    attachment(world, kind, &id)
}

/// The attachment that shows a file.
pub(crate) fn attachment(world: &World, kind: &str, id: &str) -> Attachment {
    Attachment {
        file: Some(id.to_owned()),
        ..Attachment::new(kind, link(world, id))
    }
}

/// Address of an attachment, with a link that is new.
pub(crate) fn address(world: &World, attachment: &Attachment) -> String {
    match &attachment.file {
        Some(id) => link(world, id),
        None => attachment.url.clone(),
    }
}

/// Returns whether a link is one of the simulator's and has not ended.
pub(crate) fn is_valid(world: &World, id: &str, end: &str, given: &str) -> bool {
    let is_fresh = end.parse::<u64>().is_ok_and(|end| end > world.now() / 1000);
    is_fresh && given == hash(world, id, end)
}

fn link(world: &World, id: &str) -> String {
    let end = (world.now() / 1000 + LIFE).to_string();
    let hash = hash(world, id, &end);
    let name = world.files.get(id).map_or(id, |file| &file.name);
    let (url, name) = (&world.url, plain(name));
    format!("{url}{LINKS}{id}/{name}?ext={end}&hash={hash}")
}

fn hash(world: &World, id: &str, end: &str) -> String {
    let signed = format!("file|{id}|{end}");
    hex(&hmac_sha256(&world.picture_key, signed.as_bytes())[..16])
}

/// A file name as it stands in a link.
fn plain(name: &str) -> String {
    let letter = |letter: char| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' => letter,
        _ => '_',
    };
    let name: String = name.chars().take(LONGEST_NAME).map(letter).collect();
    if name.is_empty() {
        "file".to_owned()
    } else {
        name
    }
}
