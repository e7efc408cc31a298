//! What the tests share.

pub(crate) mod cargo;
pub(crate) mod fixtures;
pub(crate) mod isa;
pub(crate) mod model_directory;
pub(crate) mod random_model;
pub(crate) mod schema;
pub(crate) mod tolerance;
pub(crate) mod typed;
