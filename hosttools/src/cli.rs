//! The command line: which subcommand, and what its end means as an exit code.

use crate::{cmd, output};
use clap::{CommandFactory, Parser, Subcommand};
use percio_codegen_core::Problems;
use std::process::ExitCode;

/// Attention models on microcontrollers: look at a compiled model, prove it right, measure it, run it.
#[derive(Debug, Parser)]
#[command(
    name = "percio",
    version,
    after_help = "PERCIO_ISA=NAME forces an instruction set, PERCIO_LOG=info|debug says what is done, PERCIO_CACHE=DIR holds what is built.\n\
                  `percio COMMAND --help` shows examples."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(after_help = "\
Examples:
  percio info models/motion
  percio info config-of-a-checkpoint --input-shape pixel_values=3x224x224
  percio info models/motion --format json")]
    Info(cmd::info::Cmd),
    #[command(after_help = "\
Examples:
  percio compare models/motion --reference models/motion/reference.safetensors
  percio compare models/mine --reference f64.safetensors --reference tf32.safetensors --isa scalar,avx2
  percio compare models/mine --reference r.safetensors --backend interpreter,generated,qemu-m4 --also-weights f16
  percio compare models/mine --reference r.safetensors --samples 0..500 --format json > a.json
Exit code: 0 it holds, 1 it does not, 2 wrong use.")]
    Compare(cmd::compare::Cmd),
    #[command(after_help = "\
Example:
  percio compare models/mine --reference r.safetensors --samples 0..500 --format json > a.json
  percio compare models/mine --reference r.safetensors --samples 500..1000 --format json > b.json
  percio merge a.json b.json
Exit code: 0 the whole holds, 1 it does not, 2 wrong use.")]
    Merge(cmd::merge::Cmd),
    #[command(after_help = "\
Examples:
  percio inspect models/motion --reference models/motion/reference.safetensors --html motion.html
  percio inspect models/digits --input seven.png --png pictures")]
    Inspect(cmd::inspect::Cmd),
    #[command(after_help = "\
Examples:
  percio bench models/motion --isa scalar,avx2 --reference models/motion/reference.safetensors
  percio bench models/motion --backend interpreter,generated,qemu-m4
  percio bench models/motion --backend qemu-m4 --record history.json
  percio bench models/motion --backend qemu-m4 --against history.json
Exit code: 0 nothing costs more than before, 1 something does, 2 wrong use.")]
    Bench(cmd::bench::Cmd),
    #[command(after_help = "\
Example:
  percio estimate firmware.elf --function infer --board m4")]
    Estimate(cmd::estimate::Cmd),
    #[command(after_help = "\
Examples:
  percio evaluate models/motion --data motion.safetensors
  percio evaluate models/motion --data motion.safetensors --backend generated --format json
The test set of a bundled model: percio-data motion (Python side).
Exit code: 0 done, 2 wrong use.")]
    Evaluate(cmd::evaluate::Cmd),
    #[command(after_help = "\
Examples:
  percio run models/motion --input window.safetensors
  percio run models/digits --input seven.png --mean 0.1307 --std 0.3081
  sensor | percio run models/motion --watch --every 200 --format json")]
    Run(cmd::run::Cmd),
    #[command(after_help = "\
Examples:
  percio import checkpoint.ckpt -o models/mine
  percio import checkpoint-in-bf16 -o models/mine --narrow
  percio compare models/mine --reference reference.safetensors")]
    Import(cmd::import::Cmd),
    #[command(after_help = "\
Examples:
  percio completions bash > ~/.local/share/bash-completion/completions/percio
  percio completions zsh > ~/.zfunc/_percio")]
    Completions(cmd::completions::Cmd),
    #[command(after_help = "\
Examples:
  percio generate models/melody --prompt 5,17,3 --tokens 32
  percio generate models/melody --prompt 5,17,3 --top-k 8 --temperature 0.9 --seed 4 --format json")]
    Generate(cmd::generate::Cmd),
    #[command(after_help = "\
Examples:
  percio harness models/motion -o motion-on-board
  percio compare models/motion --reference r.safetensors --backend serial:/dev/ttyACM0
  percio bench models/motion --backend serial:/dev/ttyACM0@921600")]
    Harness(cmd::harness::Cmd),
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
    env_logger::Builder::from_env(env_logger::Env::new().filter("PERCIO_LOG")).format_timestamp(None).init();
    let result = match Cli::parse().command {
        Command::Info(cmd) => cmd.run(),
        Command::Compare(cmd) => cmd.run(),
        Command::Merge(cmd) => cmd.run(),
        Command::Inspect(cmd) => cmd.run(),
        Command::Bench(cmd) => cmd.run(),
        Command::Estimate(cmd) => cmd.run(),
        Command::Evaluate(cmd) => cmd.run(),
        Command::Run(cmd) => cmd.run(),
        Command::Import(cmd) => cmd.run(),
        Command::Completions(cmd) => cmd.run(Cli::command()),
        Command::Generate(cmd) => cmd.run(),
        Command::Harness(cmd) => cmd.run(),
    };
    match result.and_then(|verdict| output::finish().map(|()| verdict)) {
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
