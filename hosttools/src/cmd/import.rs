//! `percio import`: any checkpoint that can be read, as a directory of percio's own format.

use super::print_json;
use crate::cli::Verdict;
use crate::options::{Format, ReadArgs};
use crate::progress::busy;
use crate::reference::File;
use crate::save::{Storage, save};
use anyhow::Result;
use percio_codegen_core::{load, scheme};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Writes any checkpoint that can be read as config.json and model.safetensors of percio's own format
#[derive(Debug, clap::Args)]
pub(crate) struct Cmd {
    /// Directory with `config.json` and weights, or the file of weights
    checkpoint: PathBuf,
    /// Directory to make
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    #[command(flatten)]
    reading: ReadArgs,
    /// Reference file; sizes that the checkpoint leaves open, and whether there is a mask, are those of its inputs
    #[arg(long, value_name = "FILE")]
    reference: Option<PathBuf>,
    /// Replaces the model that is there already
    #[arg(long)]
    overwrite: bool,
    /// Stores each tensor in the narrowest type that holds its numbers exactly: half the bytes of a checkpoint in f16 or bf16
    #[arg(long)]
    narrow: bool,
    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Serialize)]
struct Report<'a> {
    implementation: &'a str,
    remarks: &'a [String],
    parameters: u64,
    tensors: usize,
    bytes: u64,
    directory: &'a Path,
}

impl Cmd {
    pub(crate) fn run(self) -> Result<Verdict> {
        let quiet = self.format == Format::Json;
        let file = self.reference.as_deref().map(File::read).transpose()?;
        let options = self.reading.options(&file.as_ref().map(File::inputs).unwrap_or_default());
        let model = busy("reading the checkpoint", quiet, || load(&self.checkpoint, &options))?;
        let native = scheme::native(&model)?;
        let storage = if self.narrow { Storage::Narrowest } else { Storage::Single };
        let bytes = busy("writing the model", quiet, || save(&native, &self.output, self.overwrite, storage))?;
        let report = Report {
            implementation: &model.provenance.implementation,
            remarks: &model.provenance.remarks,
            parameters: model.parameters,
            tensors: native.tensors.len(),
            bytes,
            directory: &self.output,
        };
        match self.format {
            Format::Json => print_json(&report)?,
            Format::Text => report.print(),
        }
        Ok(Verdict::Holds)
    }
}

impl Report<'_> {
    fn print(&self) {
        println!("{}", self.implementation);
        self.remarks.iter().for_each(|remark| println!("  {remark}"));
        let Self { parameters, tensors, bytes, directory, .. } = self;
        println!("{parameters} parameters; wrote {tensors} tensors of {bytes} bytes to {}", directory.display());
    }
}
