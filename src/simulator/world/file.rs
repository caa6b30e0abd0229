//! Files that lie at the simulator.

use hyper::body::Bytes;

/// A file that a person or the Page uploaded.
#[derive(Clone)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) bytes: Bytes,
}
