//! Ways into the compiler: the attribute macro and a build script. Both share [`Request`].

mod attribute;
mod budget;
mod build;
mod request;
pub mod weights;

pub use attribute::expand;
pub use budget::parse_bytes;
pub use build::Build;
pub use request::Request;
