//! Where reports go: standard output.

use anyhow::{Context, Result};
use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
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
