//! Versions of libraries, as their packages number them.

use std::fmt;

/// `major.minor.patch`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version([u32; 3]);

impl Version {
    /// `major.minor.patch`
    pub(super) const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self([major, minor, patch])
    }

    /// Three numbers with dots between them; what follows the last number (`rc1`, `+cpu`) does not count.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let [major, minor, rest] = [parts.next()?, parts.next()?, parts.next()?];
        let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        Some(Self([major.parse().ok()?, minor.parse().ok()?, rest[..end].parse().ok()?]))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn versions_are_numbers() {
        assert_eq!(Version::parse("0.11.0"), Some(Version::new(0, 11, 0)));
        assert_eq!(Version::parse("0.1.10a"), Some(Version::new(0, 1, 10)));
        assert!(Version::new(0, 7, 4) < Version::new(0, 10, 0));
        for wrong in ["", "0.8", "0.8.", "a.1.2", "-1.0.0", "0.8.x", "0..1"] {
            assert_eq!(Version::parse(wrong), None, "{wrong}");
        }
    }
}
