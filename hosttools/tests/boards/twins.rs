//! Kernels against their twins.

use crate::build::build;
use percio_hosttools::board::Board;

/// Checks that the program runs on the instruction set `isa` and finds nothing wrong.
fn check(board: &Board, isa: &str) {
    let said = board.run(&build(board, "twins"), None).expect("the program ends well");
    let mut lines = said.lines();
    assert_eq!(lines.next(), Some(format!("isa {isa}").as_str()));
    let wrong: Vec<&str> = said.lines().filter(|line| line.starts_with("wrong")).collect();
    let first = wrong.first().unwrap_or(&"");
    assert!(wrong.is_empty(), "{}: {} numbers are wrong, the first: {first}", board.processor, wrong.len());
    assert_eq!(lines.next(), Some("checked 950"));
    assert_eq!(lines.next(), Some("widened 65536"));
}

#[test]
fn cortex_m4() {
    check(&Board::M4, "cortex-m4");
}

#[test]
fn cortex_m7() {
    check(&Board::M7, "cortex-m7");
}

#[test]
fn cortex_m33() {
    check(&Board::M33, "cortex-m33");
}

#[test]
fn cortex_m55() {
    check(&Board::M55, "mve");
}

#[test]
fn riscv() {
    check(&Board::RISCV, "scalar");
}
