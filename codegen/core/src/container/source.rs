//! A file that stays open, and stretches of its bytes.

use crate::Problems;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};

/// An open file, or bytes that were unpacked from one.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    content: Content,
    len: u64,
}

#[derive(Debug)]
enum Content {
    /// Behind a lock, for the place to read from is the file's own.
    Disk(Mutex<File>),
    #[cfg(any(feature = "torch", feature = "haiku"))]
    Memory(Vec<u8>),
}

impl Source {
    /// Opens the file at `path`.
    pub(super) fn open(path: &Path) -> Result<Self, Problems> {
        let shown = path.display();
        if path.is_dir() {
            return Err(Problems::model(format!(
                "`{shown}` is a directory, expected a file of weights: name the file itself"
            )));
        }
        let open = || {
            let file = File::open(path)?;
            let len = file.metadata()?.len();
            Ok(Self { path: path.to_owned(), content: Content::Disk(Mutex::new(file)), len })
        };
        open().map_err(|error: io::Error| {
            Problems::model(match error.kind() {
                ErrorKind::NotFound => format!("`{shown}` does not exist: save the weights there, or correct the path"),
                _ => format!("`{shown}` cannot be read ({error}): make it readable, or correct the path"),
            })
        })
    }

    /// Bytes that were packed in the file at `path`.
    #[cfg(any(feature = "torch", feature = "haiku"))]
    pub(super) fn unpacked(path: &Path, bytes: Vec<u8>) -> Self {
        Self { path: path.to_owned(), len: bytes.len() as u64, content: Content::Memory(bytes) }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes in it.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Fills `buffer` with the bytes from `start` on.
    fn fill(&self, start: u64, buffer: &mut [u8]) -> io::Result<()> {
        match &self.content {
            Content::Disk(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(start))?;
                file.read_exact(buffer)
            }
            #[cfg(any(feature = "torch", feature = "haiku"))]
            Content::Memory(bytes) => {
                let rest = usize::try_from(start).ok().and_then(|start| bytes.get(start..));
                rest.unwrap_or_default().read_exact(buffer)
            }
        }
    }

    /// At most `count` bytes from the start.
    pub(super) fn head(&self, count: usize) -> Result<Vec<u8>, Problems> {
        let mut bytes = vec![0; usize::try_from(self.len).map_or(count, |len| len.min(count))];
        self.fill(0, &mut bytes).map_err(|error| self.unreadable(&error))?;
        Ok(bytes)
    }

    /// Reading failed although the file is long enough.
    pub(super) fn unreadable(&self, error: &io::Error) -> Problems {
        let shown = self.path.display();
        Problems::model(format!("`{shown}` cannot be read ({error}): write or copy it again"))
    }
}

/// A stretch of the bytes of a file, which are there.
#[derive(Clone, Debug)]
pub(super) struct Span {
    source: Arc<Source>,
    start: u64,
    len: u64,
}

impl Span {
    /// All of the file.
    pub(super) fn whole(source: &Arc<Source>) -> Self {
        Self { source: Arc::clone(source), start: 0, len: source.len }
    }

    /// `len` bytes from `start` on, if they are there.
    pub(super) fn part(&self, start: u64, len: u64) -> Option<Self> {
        let fits = start.checked_add(len)? <= self.len;
        fits.then(|| Self { source: Arc::clone(&self.source), start: self.start + start, len })
    }

    /// What follows the first `count` bytes; nothing when there are fewer.
    pub(super) fn from(&self, count: u64) -> Self {
        let count = count.min(self.len);
        Self { source: Arc::clone(&self.source), start: self.start + count, len: self.len - count }
    }

    /// The file.
    pub(super) fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// How many bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Place in the file.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// The bytes.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, Problems> {
        let mut bytes = vec![0; usize::try_from(self.len).unwrap_or(usize::MAX)];
        self.source.fill(self.start, &mut bytes).map_err(|error| self.source.unreadable(&error))?;
        Ok(bytes)
    }

    /// The bytes one after the other.
    pub(super) fn reader(&self) -> SpanReader<'_> {
        SpanReader { span: self, at: 0 }
    }
}

/// Reads a [`Span`].
pub(super) struct SpanReader<'a> {
    span: &'a Span,
    at: u64,
}

impl Read for SpanReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.span.len - self.at).unwrap_or(usize::MAX);
        let count = left.min(buffer.len());
        self.span.source.fill(self.span.start + self.at, &mut buffer[..count])?;
        self.at += count as u64;
        Ok(count)
    }
}
