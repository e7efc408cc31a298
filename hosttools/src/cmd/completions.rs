//! `percio completions`: what a shell has to know to complete this command line.

use crate::cli::Verdict;
use anyhow::Result;
use clap_complete::Shell;

/// Prints the completions of a shell
#[derive(Debug, clap::Args)]
pub(crate) struct Cmd {
    /// The shell
    shell: Shell,
}

impl Cmd {
    /// The completions of `command`, which is the whole command line.
    pub(crate) fn run(self, mut command: clap::Command) -> Result<Verdict> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "percio", &mut script);
        println!("{}", String::from_utf8(script)?.trim_end());
        Ok(Verdict::Holds)
    }
}
