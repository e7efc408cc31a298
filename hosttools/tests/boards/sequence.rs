//! Generators on boards: the ids that the sources generate.

use crate::build::{build_with, repository};
use percio_codegen_core::{CompileOptions, LoadOptions, compile, load};
use percio_hosttools::board::Board;
use serde_json::Value;
use std::fs;

/// The models of the program `sequence`, in its order.
const MODELS: [&str; 2] = ["krasserm-08-causal-lm", "lucidrains-ar"];

fn check(board: &Board) {
    let expected = MODELS.map(|name| {
        let directory = repository("tests/fixtures").join(name);
        let model = load(&directory, &LoadOptions::default()).expect("the fixture is a model");
        let program = compile(model, &CompileOptions::default()).unwrap();
        let bytes = program.generation.expect("a Perceiver AR").ram_bytes();
        let text = fs::read_to_string(directory.join("generated.json")).expect("what the source generated");
        let written: Value = serde_json::from_str(&text).expect("generated.json holds JSON");
        let ids: Vec<String> =
            written["generated"].as_array().expect("a list").iter().map(ToString::to_string).collect();
        format!("bytes {bytes}\nids {}\n", ids.join(" "))
    });
    let said = board.run(&build_with(board, "sequence", &["models"]), None).expect("the program ends well");
    assert_eq!(said, expected.concat(), "{}", board.processor);
}

#[test]
fn cortex_m4() {
    check(&Board::M4);
}

#[test]
fn cortex_m55() {
    check(&Board::M55);
}

#[test]
fn riscv() {
    check(&Board::RISCV);
}
