//! The sticker catalog.

use serde_json::{Value, json};

use crate::simulator::world::World;

use super::draft::{LIKE, sample};
use super::parameters::{Call, required};
use super::refusal::Refusal;

/// Id of the only pack.
const PACK: &str = "369239263222820";
/// Shortest text that can be searched for.
const SHORTEST: usize = 2;

/// A call of the catalog, with the app's own token. `None` when the path is not of it.
pub(crate) fn route(world: &World, call: Call<'_>) -> Option<Result<Value, Refusal>> {
    if call.method != "GET" {
        return None;
    }
    let all = || stickers(world);
    Some(match call.path {
        "sticker_packs" => {
            let image = sample(world, "sticker").url;
            Ok(json!({"data": [{"id": PACK, "name": "Thumbs", "image_url": image}]}))
        }
        "sticker_search" => search(&all(), call),
        path => {
            let pack = path.strip_suffix("/stickers")?;
            match pack == PACK {
                true => Ok(json!({ "data": all() })),
                false => Err(Refusal::unsupported(call.method, pack)),
            }
        }
    })
}

/// Returns whether a path is one of the catalog.
pub(crate) fn is_catalog(path: &str) -> bool {
    matches!(path, "sticker_packs" | "sticker_search") || path.ends_with("/stickers")
}

fn search(all: &[Value], call: Call<'_>) -> Result<Value, Refusal> {
    let wanted = required(call.parameters, "q")?.to_lowercase();
    if wanted.chars().count() < SHORTEST {
        let words = "Param q must have at least 2 characters";
        return Err(Refusal::parameter(words));
    }
    let is_named = |sticker: &&Value| {
        let name = sticker["name"].as_str().unwrap_or_default();
        name.to_lowercase().contains(&wanted)
    };
    let found: Vec<&Value> = all.iter().filter(is_named).collect();
    Ok(json!({ "data": found }))
}

fn stickers(world: &World) -> Vec<Value> {
    let image = sample(world, "sticker");
    let large = image.sticker_id;
    let named = [("Thumbs up", Some(LIKE)), ("Large thumbs up", large)];
    let stickers = named.into_iter().map(|(name, id)| {
        json!({
            "id": id.map(|id| id.to_string()), "name": name, "image_url": image.url,
            "width": 96, "height": 96, "is_animated": false,
        })
    });
    stickers.collect()
}
