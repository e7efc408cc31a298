//! Where reports go: standard output.

use anyhow::{Context, Result};
use std::io::{self, ErrorKind, Write};

/// Writes `text` and the end of its last line to standard output. A reader that has gone away has read enough.
///
/// # Errors
/// When nothing can be written there: a full disk.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.write_all(end.as_bytes()));
    match written.and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}
