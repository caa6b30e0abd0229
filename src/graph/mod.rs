//! How we answer.
