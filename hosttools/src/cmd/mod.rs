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

use anyhow::Result;
use serde::Serialize;

/// A report on standard output, as JSON.
fn print_json(report: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string_pretty(report)?);
    Ok(())
}
