//! Hands the linker the memory map of the board that `PERCIO_BOARD` names, and the program its `board.rs`.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=PERCIO_BOARD");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let board = env::var("PERCIO_BOARD").expect("PERCIO_BOARD names a directory of hosttools/boards");
    let board = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hosttools/boards").join(board);
    println!("cargo::rerun-if-changed={}", board.display());
    fs::copy(board.join("memory.x"), out.join("memory.x")).expect("the board has a memory map");
    let module = format!(
        "#[path = {:?}]\n#[expect(dead_code, reason = \"no sample is loaded here\")]\nmod board;\n",
        board.join("board.rs")
    );
    fs::write(out.join("board.rs"), module).expect("board.rs is written to OUT_DIR");
    println!("cargo::rustc-link-search={}", out.display());
    if env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("riscv32") {
        println!("cargo::rustc-link-arg=-Tmemory.x");
    }
    println!("cargo::rustc-link-arg=-Tlink.x");
}
