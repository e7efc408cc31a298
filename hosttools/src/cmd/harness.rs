//! `percio harness`: a crate for a board, which `compare` and `bench` then ask over a line.

use super::print_json;
use crate::backend::harness;
use crate::cli::Verdict;
use crate::options::{Format, ModelArgs};
use crate::output::write_whole_directory;
use crate::table::grouped;
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// Writes a crate with which a board answers `percio compare` and `percio bench` over a serial line
#[derive(Debug, clap::Args)]
pub(crate) struct Cmd {
    #[command(flatten)]
    model: ModelArgs,
    /// Directory to make; its name is that of the crate
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

#[derive(Serialize)]
struct Report<'a> {
    directory: &'a Path,
    flash_bytes: usize,
    ram_bytes: usize,
}

impl Cmd {
    pub(crate) fn run(self) -> Result<Verdict> {
        let shown = self.output.display();
        let is_free = fs::read_dir(&self.output).map_or(!self.output.exists(), |mut entries| entries.next().is_none());
        ensure!(is_free, "`{shown}` is there already: name another directory");
        let name = self.output.file_name().and_then(|name| name.to_str());
        let name = name.filter(|name| is_name_of_a_crate(name)).with_context(|| {
            format!("`{shown}` does not end in a name for a crate: letters, digits, - and _, a letter first")
        })?;
        let program = self.model.program()?;
        ensure!(
            program.keeps_outputs,
            "a model that keeps no outputs has no `infer` for a harness to call: leave --outputs out"
        );
        write_whole_directory(&self.output, &harness(&program, name))?;
        let report =
            Report { directory: &self.output, flash_bytes: program.flash_bytes(), ram_bytes: program.ram_bytes() };
        match self.model.format {
            Format::Json => print_json(&report)?,
            Format::Text => report.print(&self.model.model),
        }
        Ok(Verdict::Holds)
    }
}

impl Report<'_> {
    fn print(&self, model: &Path) {
        let [flash, ram] = [self.flash_bytes, self.ram_bytes].map(|bytes| grouped(bytes as u64));
        let directory = self.directory.display();
        println!("wrote {directory}: {flash} bytes of weights, {ram} of RAM and room for a sample");
        println!("implement `Port` for the board's serial line, call `Harness::serve`, flash it; then");
        println!("percio compare {} --reference FILE --backend serial:DEVICE", model.display());
    }
}

fn is_name_of_a_crate(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_')
}
