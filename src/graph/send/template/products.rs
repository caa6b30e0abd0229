//! Products of a product template, which Meta writes as objects with an id.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Product {
    id: String,
}

pub(super) fn serialize<S: Serializer>(ids: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(ids.iter().map(|id| Product { id: id.clone() }))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<String>, D::Error> {
    let products = Vec::<Product>::deserialize(deserializer)?;
    Ok(products.into_iter().map(|product| product.id).collect())
}
