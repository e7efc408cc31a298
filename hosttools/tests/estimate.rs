//! `percio estimate` on a program that is none of ours.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Counts down from 3 in `work`, for any board whose vectors nobody reads: 8 instructions.
const PROGRAM: &str = r#"
#![no_std]
#![no_main]
core::arch::global_asm!(
    ".global start", ".thumb_func", "start: bl work", "b .",
    ".global work", ".type work, %function", ".thumb_func", "work: movs r0, #3", "2: subs r0, #1", "bne 2b", "bx lr", ".size work, . - work",
);
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! { loop {} }
"#;

fn build(directory: &Path) -> PathBuf {
    let (source, program) = (directory.join("program.rs"), directory.join("program.elf"));
    std::fs::write(&source, PROGRAM).expect("the source is written");
    let output = Command::new("rustc")
        .args(["--edition", "2024", "--target", "thumbv7em-none-eabihf", "-Copt-level=1", "-Cpanic=abort"])
        .args(["-Clink-arg=--image-base=0", "-Clink-arg=-Ttext=0x400", "-Clink-arg=-estart", "-o"])
        .args([&program, &source])
        .output()
        .expect("rustc starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}

fn estimate(program: &Path, options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_percio"));
    command.arg("estimate").arg(program).args(options).output().expect("percio starts")
}

#[test]
fn any_function_is_estimated() {
    let directory = tempfile::tempdir().expect("a directory for files");
    let program = build(directory.path());
    let report = |board| -> Value {
        let output = estimate(&program, &["--function", "work", "--board", board, "--format", "json"]);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    };
    let (m4, m7) = (report("m4"), report("m7"));
    assert_eq!((&m4["instructions"], &m7["instructions"]), (&8.into(), &8.into()));
    // movs, three times subs and bne, bx: 8; two jumps back and the return refill the pipeline.
    assert_eq!(m4["cycles_estimate"], 8.0 + 3.0 * 1.5);
    // subs waits for movs; a branch goes with what is before it.
    assert_eq!(m7["cycles_estimate"], 2.0 + 1.0 + 1.0 + 1.0);
    assert_eq!(m4["functions"][0]["name"], "work");

    let unknown = estimate(&program, &["--function", "nobody"]);
    assert_eq!(unknown.status.code(), Some(2));
    let message = String::from_utf8_lossy(&unknown.stderr).into_owned();
    let expected = "has no symbol `nobody`: name a function that is not inlined, as `nm` shows it";
    assert!(message.starts_with("error: `") && message.trim_end().ends_with(expected), "{message}");
}
