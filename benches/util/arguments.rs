//! Arguments of a bench.

use crate::world::Outcome;

/// The number that follows a name, or a default without the name.
pub(crate) fn number(arguments: &[String], name: &str, default: u64) -> Outcome<u64> {
    match arguments.iter().position(|one| one == name) {
        None => Ok(default),
        Some(at) => Ok(arguments
            .get(at + 1)
            .ok_or("a number is missing")?
            .parse()?),
    }
}
