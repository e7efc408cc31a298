//! One file a subcommand: a `Cmd` with its options, and `run`.

pub(crate) mod bench;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod estimate;
pub(crate) mod evaluate;
pub(crate) mod generate;
pub(crate) mod harness;
pub(crate) mod import;
pub(crate) mod info;
pub(crate) mod inspect;
pub(crate) mod merge;
pub(crate) mod run;

use crate::output::Standard;
use anyhow::Result;
use serde::Serialize;
use std::io::{BufWriter, Write};

/// A report on standard output, as JSON: written as it is made, for the numbers of a large model are megabytes of text.
fn print_json(report: &impl Serialize) -> Result<()> {
    let mut out = BufWriter::new(Standard);
    serde_json::to_writer_pretty(&mut out, report)?;
    writeln!(out)?;
    Ok(out.flush()?)
}
