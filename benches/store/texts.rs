//! Texts of a length that is asked for, in two scripts.

use crate::world::{mixed, name};

/// Characters of the texts that are measured.
pub(crate) const LETTERS: [usize; 3] = [20, 60, 200];

#[derive(Clone, Copy, Debug)]
pub(crate) enum Script {
    Latin,
    Chinese,
}

impl Script {
    /// A text of so many characters. Words and characters follow Zipf's law, as in a language: the
    /// second most frequent one is half as frequent as the first, and so on.
    pub(crate) fn text(self, number: u64, letters: usize) -> String {
        let mut text = String::new();
        for place in 0.. {
            let drawn = mixed(number << 10 | place);
            let chance = (drawn >> 11) as f64 / (1_u64 << 53) as f64;
            let rank = |of: f64| (of.powf(chance) - 1.0) as u64;
            match self {
                Self::Latin => {
                    text.push_str(&name(rank(20_000.0)).1[..4 + (drawn % 5) as usize]);
                    text.push(' ');
                }
                Self::Chinese => {
                    let letter = 0x4e00 + rank(4_000.0) as u32;
                    text.push(char::from_u32(letter).unwrap_or('茶'));
                }
            }
            if text.chars().count() >= letters {
                break;
            }
        }
        text.chars().take(letters).collect()
    }
}
