//! The command line: which subcommand, and what its end means as an exit code.

use crate::cmd;
use clap::{Parser, Subcommand};
use percio_codegen_core::Problems;
use std::process::ExitCode;

/// Attention models on microcontrollers: look at a compiled model, prove it right, measure it, run it.
#[derive(Debug, Parser)]
#[command(name = "percio", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Info(cmd::info::Cmd),
    Compare(cmd::compare::Cmd),
    Merge(cmd::merge::Cmd),
    Bench(cmd::bench::Cmd),
    Estimate(cmd::estimate::Cmd),
    Run(cmd::run::Cmd),
    Import(cmd::import::Cmd),
}

/// Whether what a subcommand was asked to check holds. Subcommands that check nothing yield [`Holds`](Self::Holds).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
}

/// Runs the command line of this process. The exit code is 0 (it holds), 1 (it does not) or 2 (wrong use: options,
/// files that cannot be read, a machine that lacks a tool).
#[must_use]
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Info(cmd) => cmd.run(),
        Command::Compare(cmd) => cmd.run(),
        Command::Merge(cmd) => cmd.run(),
        Command::Bench(cmd) => cmd.run(),
        Command::Estimate(cmd) => cmd.run(),
        Command::Run(cmd) => cmd.run(),
        Command::Import(cmd) => cmd.run(),
    };
    match result {
        Ok(Verdict::Holds) => ExitCode::SUCCESS,
        Ok(Verdict::Fails) => ExitCode::from(1),
        Err(error) => {
            sentences(&error).iter().for_each(|sentence| eprintln!("error: {sentence}"));
            ExitCode::from(2)
        }
    }
}

/// Each problem of an error, as one sentence.
fn sentences(error: &anyhow::Error) -> Vec<String> {
    match error.downcast_ref::<Problems>() {
        Some(problems) => problems.iter().map(|problem| problem.message.clone()).collect(),
        None => vec![format!("{error:#}")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_problem_becomes_a_sentence() {
        let mut problems = Problems::model("the first");
        problems.append(Problems::model("the second"));
        assert_eq!(sentences(&problems.into()), ["the first", "the second"]);
        assert_eq!(sentences(&anyhow::anyhow!("inner").context("outer")), ["outer: inner"]);
    }
}
