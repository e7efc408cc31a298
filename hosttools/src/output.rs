//! Where reports go: standard output, and files that are whole or not there.

use anyhow::{Context, Result};
use std::fmt::Arguments;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// As that of `std`, without its panic: what cannot be written is told by [`finish`].
macro_rules! println {
    () => { $crate::output::write(format_args!("\n")) };
    ($($arguments:tt)*) => { $crate::output::write(format_args!("{}\n", format_args!($($arguments)*))) };
}

/// Why standard output takes no more.
static FAILURE: Mutex<Option<io::Error>> = Mutex::new(None);

/// Writes to standard output, unless it has failed before.
pub(crate) fn write(text: Arguments<'_>) {
    let mut failure = FAILURE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if failure.is_none() {
        *failure = io::stdout().lock().write_fmt(text).err();
    }
}

/// Standard output as [`write`] treats it: a failure is told by [`finish`].
pub(crate) struct Standard;

impl io::Write for Standard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut failure = FAILURE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if failure.is_none() {
            *failure = io::stdout().lock().write_all(bytes).err();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes all that is still to be written. A reader that has gone away has read enough.
///
/// # Errors
/// When something could not be written: a full disk.
pub(crate) fn finish() -> Result<()> {
    let failure = FAILURE.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    match failure.map_or_else(|| io::stdout().flush(), Err) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}

/// Writes a file beside `path` and renames it, so that nothing half-written is ever there.
///
/// # Errors
/// When it cannot be written: what was there before is untouched.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.file_name().with_context(|| format!("`{}` names no file", path.display()))?.to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let temporary = path.with_file_name(name);
    // What is no ordinary file, a device or a pipe, is written as it is.
    let is_special = fs::metadata(path).is_ok_and(|present| !present.is_file());
    let written = if is_special {
        fs::write(path, bytes)
    } else {
        fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, path)).inspect_err(|_| {
            // Half a file is of no use; one that was never made cannot be removed.
            let _ = fs::remove_file(&temporary);
        })
    };
    written.with_context(|| format!("cannot write `{}`", path.display()))
}

/// A directory that is removed again unless it has become another.
pub(crate) struct Unfinished(pub(crate) PathBuf);

impl Unfinished {
    pub(crate) fn new(path: PathBuf) -> Result<Self> {
        fs::create_dir(&path).with_context(|| format!("`{}` cannot be made", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // It is gone when it has been renamed.
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Writes a directory beside `path`, which is not there or empty, and renames it: all of these files are there then, or none.
///
/// # Errors
/// When one cannot be written.
pub(crate) fn write_whole_directory(path: &Path, files: &[(String, Vec<u8>)]) -> Result<()> {
    let shown = path.display();
    let name = path.file_name().with_context(|| format!("`{shown}` names no directory"))?;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("`{}` cannot be made", parent.display()))?;
    }
    let unfinished =
        Unfinished::new(path.with_file_name(format!(".{}.unfinished-{}", name.display(), std::process::id())))?;
    for (file, content) in files {
        let file = unfinished.0.join(file);
        let directory = file.parent().unwrap_or(&unfinished.0);
        let written = fs::create_dir_all(directory).and_then(|()| fs::write(&file, content));
        written.with_context(|| format!("`{shown}` cannot be written"))?;
    }
    fs::rename(&unfinished.0, path).with_context(|| format!("`{shown}` cannot be put in its place"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_whole_or_as_they_were() {
        let directory = tempfile::tempdir().expect("a directory for files");
        let path = directory.path().join("report");
        write_whole(&path, b"first").expect("there is room");
        let message = format!("{:#}", write_whole(&path.join("below"), b"second").expect_err("a file has no files"));
        assert!(message.starts_with("cannot write `"), "{message}");
        assert_eq!(fs::read(&path).expect("the first one"), b"first");
        assert_eq!(fs::read_dir(directory.path()).expect("a directory").count(), 1, "nothing else is left");
    }

    #[test]
    fn directories_are_whole_or_not_there() {
        let directory = tempfile::tempdir().expect("a directory for files");
        let path = directory.path().join("below").join("made");
        let files =
            |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), b"text".to_vec())).collect::<Vec<_>>();
        write_whole_directory(&path, &files(&["a", "b/c"])).expect("there is room");
        assert_eq!(fs::read(path.join("b/c")).expect("written"), b"text");
        let other = path.with_file_name("other");
        write_whole_directory(&other, &files(&["a", "a/b"])).expect_err("a file has no files");
        assert_eq!(
            fs::read_dir(directory.path().join("below")).expect("a directory").count(),
            1,
            "nothing else is left"
        );
    }
}
