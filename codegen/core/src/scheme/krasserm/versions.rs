//! Ranges of the library's versions.

use crate::scheme::Version;
use std::fmt;

/// All of `0.first` to all of `0.last`.
#[derive(Clone, Copy)]
pub(super) struct Versions {
    first: u32,
    last: u32,
}

impl Versions {
    pub(super) const fn new(first: u32, last: u32) -> Self {
        Self { first, last }
    }

    /// Whether `version` is one of them.
    pub(super) fn hold(self, version: Version) -> bool {
        (Version::new(0, self.first, 0)..Version::new(0, self.last + 1, 0)).contains(&version)
    }

    /// Whether all are before `0.minor`.
    pub(super) fn are_before(self, minor: u32) -> bool {
        self.last < minor
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last } = self;
        if first == last { write!(f, "0.{first}") } else { write!(f, "0.{first} to 0.{last}") }
    }
}
