//! The bytes of a pickle one after the other.

use crate::Problems;
use crate::container::source::Span;

/// Bytes read from the file at a time.
const WINDOW: u64 = 1 << 12;

/// A place in the bytes of a pickle. Reading past the end gives `None`.
pub(super) struct Cursor {
    span: Span,
    at: u64,
    /// The bytes from `start` on.
    window: Vec<u8>,
    start: u64,
    /// Set when the file could not be read.
    failure: Option<Problems>,
}

impl Cursor {
    /// At the start of `span`.
    pub(super) fn new(span: Span) -> Self {
        Self { span, at: 0, window: Vec::new(), start: 0, failure: None }
    }

    /// How many bytes have been read.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// What went wrong with the file, if the bytes did not simply end.
    pub(super) fn failure(&mut self) -> Option<Problems> {
        self.failure.take()
    }

    /// The next `count` bytes where they are.
    pub(super) fn span(&mut self, count: u64) -> Option<Span> {
        let span = self.span.part(self.at, count)?;
        self.at += count;
        Some(span)
    }

    /// The next `count` bytes, kept until the next call.
    fn next(&mut self, count: u64) -> Option<&[u8]> {
        let end = self.at.checked_add(count)?;
        if self.at < self.start || end > self.start + self.window.len() as u64 {
            let left = self.span.len() - self.at;
            self.window = self.read(count.max(WINDOW.min(left)))?;
            self.start = self.at;
        }
        let from = (self.at - self.start) as usize;
        self.at = end;
        self.window.get(from..from + count as usize)
    }

    /// The next `count` bytes.
    pub(super) fn bytes(&mut self, count: u64) -> Option<Vec<u8>> {
        self.next(count).map(<[u8]>::to_vec)
    }

    /// `count` bytes from here on.
    fn read(&mut self, count: u64) -> Option<Vec<u8>> {
        match self.span.part(self.at, count)?.bytes() {
            Ok(bytes) => Some(bytes),
            Err(problems) => {
                self.failure = Some(problems);
                None
            }
        }
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> Option<u8> {
        self.next(1)?.first().copied()
    }

    /// The next `count` bytes, at most 8, as a little-endian number.
    pub(super) fn number(&mut self, count: u64) -> Option<u64> {
        Some(self.next(count)?.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// The next `count` bytes as UTF-8.
    pub(super) fn text(&mut self, count: u64) -> Option<String> {
        String::from_utf8(self.bytes(count)?).ok()
    }

    /// The text up to the next line feed, which is left out.
    pub(super) fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => return String::from_utf8(line).ok(),
                byte => line.push(byte),
            }
        }
    }
}
