//! `percio estimate`: what a function of any program for a board costs.

use super::print_json;
use crate::board::Board;
use crate::cli::Verdict;
use crate::estimate::{Cost, address};
use crate::options::Format;
use crate::progress::busy;
use crate::table::{grouped, table};
use anyhow::{Result, bail};
use serde::Serialize;
use std::path::PathBuf;

/// Instructions and estimated cycles of a function of any ELF file, also of other engines
#[derive(Debug, clap::Args)]
pub(crate) struct Cmd {
    /// Program, linked for the board's memory
    program: PathBuf,
    /// The function whose first call is measured, with all that it calls
    #[arg(long, value_name = "NAME")]
    function: String,
    /// The board: m4, m7 or m33
    #[arg(long, value_name = "BOARD", default_value = "m4", value_parser = parse_board)]
    board: Board,
    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Serialize)]
struct Report<'a> {
    board: &'a str,
    function: &'a str,
    #[serde(flatten)]
    cost: Cost,
    /// The most expensive first.
    functions: Vec<Part>,
}

/// What runs in one function itself.
#[derive(Serialize)]
struct Part {
    name: String,
    #[serde(flatten)]
    cost: Cost,
}

impl Cmd {
    pub(crate) fn run(self) -> Result<Verdict> {
        let Self { program, function, board, format } = &self;
        let Some(timing) = board.timing else { bail!("there is no timing table for the {}", board.processor) };
        let entry = address(program, function)?;
        let trace = busy("running in QEMU", *format == Format::Json, || board.trace(program, None, entry, 1))?;
        let functions = timing.estimate(&trace, 0)?;
        let mut functions: Vec<Part> = functions.into_iter().map(|(name, cost)| Part { name, cost }).collect();
        functions.sort_by(|a, b| b.cost.cycles_estimate.total_cmp(&a.cost.cycles_estimate));
        let cost = functions.iter().map(|part| part.cost).sum();
        let report = Report { board: board.name, function, cost, functions };
        match format {
            Format::Json => print_json(&report)?,
            Format::Text => report.print(),
        }
        Ok(Verdict::Holds)
    }
}

impl Report<'_> {
    fn print(&self) {
        let row = |name: &str, cost: &Cost| {
            vec![name.to_owned(), grouped(cost.instructions), grouped(cost.cycles_estimate as u64)]
        };
        let mut rows = vec![["function", "instructions", "cycles (estimate)"].map(str::to_owned).to_vec()];
        rows.push(row(&format!("{} with all that it calls", self.function), &self.cost));
        rows.extend(self.functions.iter().map(|part| row(&part.name, &part.cost)));
        println!("{}", table(&rows));
    }
}

fn parse_board(name: &str) -> Result<Board> {
    match Board::ARM.into_iter().find(|board| board.name == name && board.timing.is_some()) {
        Some(board) => Ok(board),
        None => bail!("expected a board whose processor has a timing table: m4, m7 or m33"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boards_with_a_timing_table_are_known() {
        assert_eq!(parse_board("m33").expect("known").machine, "mps2-an505");
        for unknown in ["m55", "m0", ""] {
            let message = parse_board(unknown).expect_err("unknown").to_string();
            assert_eq!(message, "expected a board whose processor has a timing table: m4, m7 or m33");
        }
    }
}
