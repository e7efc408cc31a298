//! `percio merge`: the reports of shards as the report of the whole.

use super::print_json;
use crate::cli::Verdict;
use crate::options::Format;
use crate::report::comparison::Comparison;
use crate::report::parts::{Parts, SCHEMA};
use crate::report::text::text;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// Adds up the JSON reports of `compare` over parts of one reference
#[derive(Debug, clap::Args)]
pub(crate) struct Cmd {
    /// Reports of `percio compare … --samples A..B --format json`
    #[arg(required = true, value_name = "REPORT")]
    reports: Vec<PathBuf>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Cmd {
    pub(crate) fn run(self) -> Result<Verdict> {
        let mut whole: Option<Parts> = None;
        for path in &self.reports {
            let parts = read(path)?;
            match &mut whole {
                Some(whole) => whole.merge(parts, path)?,
                None => whole = Some(parts),
            }
        }
        let report = Comparison::of(&whole.context("there are no reports to merge")?);
        match self.format {
            Format::Json => print_json(&report)?,
            Format::Text => println!("{}", text(&report).trim_end()),
        }
        Ok(report.verdict())
    }
}

fn read(path: &Path) -> Result<Parts> {
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read `{shown}`"))?;
    let what = "expected a report of `percio compare … --format json`";
    let json: serde_json::Value =
        serde_json::from_str(&text).with_context(|| format!("`{shown}` is no JSON, {what}"))?;
    match json.get("percio_compare").and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(SCHEMA) => {}
        Some(version) => {
            bail!("`{shown}` is a report of version {version}, expected {SCHEMA}: make all shards with one percio")
        }
        None => bail!("`{shown}` has no `percio_compare`, {what}"),
    }
    serde_json::from_value(json).with_context(|| format!("`{shown}` is damaged, {what}"))
}
