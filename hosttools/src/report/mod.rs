//! What `compare` reports: figures, as JSON, text and HTML.

pub(crate) mod comparison;
pub(crate) mod html;
pub(crate) mod parts;
pub(crate) mod peers;
pub(crate) mod text;
