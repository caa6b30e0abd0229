//! Private replies: one message to the author of a comment on a post of the Page.

use crate::simulator::world::World;
use crate::simulator::world::page::Comment;

use super::refusal::Refusal;

/// How long a comment can be replied to, in milliseconds.
const LIFE: u64 = 7 * 24 * 60 * 60 * 1000;

/// The author of a comment that can still be replied to.
pub(crate) fn author(world: &World, page: &str, id: &str) -> Result<String, Refusal> {
    let comment = world.page(page).and_then(|page| page.comments.get(id));
    let comment = comment.ok_or_else(|| Refusal::parameter("No such comment or post"))?;
    if comment.is_answered {
        let words = "(#10900) Activity already replied to";
        return Err(Refusal::new(10900, words));
    }
    if world.now().saturating_sub(comment.at) >= LIFE {
        let words = "(#10903) This user cant reply to this activity";
        return Err(Refusal::new(10903, words));
    }
    Ok(comment.psid.clone())
}

/// The Page has sent its private reply.
pub(crate) fn answered(world: &mut World, page: &str, id: &str) {
    let comments = world.page_mut(page).map(|page| &mut page.comments);
    if let Some(comment) = comments.and_then(|comments| comments.get_mut(id)) {
        comment.is_answered = true;
    }
}

/// Keeps a comment and returns its id.
pub(crate) fn comment(world: &mut World, page: &str, psid: &str, at: u64) -> Option<String> {
    let id = format!("{page}_{}", world.names.id());
    let comment = Comment {
        psid: psid.to_owned(),
        at,
        is_answered: false,
    };
    world.page_mut(page)?.comments.insert(id.clone(), comment);
    Some(id)
}
