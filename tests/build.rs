//! The build script of a crate that prefers one to the attribute, whose code `build_script.rs` and `sizes.rs` use; and a test
//! for every fixture, which `goldens.rs` has.

#[allow(dead_code, unreachable_pub, reason = "the tests use the rest")]
#[path = "support/model_directory.rs"]
mod model_directory;

use model_directory::ModelDirectory;
use percio_codegen_core::Build;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    Build::new("FromBuildScript", "fixtures/native-multi").generate();
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names the directory"));
    for tokens in [64, 1_000, 100_000] {
        let name = format!("Tokens{tokens}");
        sized(&out, &name, &ModelDirectory::sized(tokens)).positions("unbounded").generate();
    }
    for (queries, grid) in [(1, [1, 1]), (100_000, [250, 400])] {
        let name = format!("Queries{queries}");
        sized(&out, &name, &ModelDirectory::asked(grid)).outputs("decoded").generate();
    }
    goldens(&out);
}

/// `model`, called `name`.
fn sized(out: &Path, name: &str, model: &ModelDirectory) -> Build {
    let directory = out.join(name);
    model.write(&directory);
    Build::new(name, directory.to_str().expect("a path that is text")).outside()
}

/// Writes a test for each fixture.
fn goldens(out: &Path) {
    let entries = fs::read_dir("fixtures").expect("the directory of the fixtures");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let test =
        |name: &String| format!("on_every_isa! {{ fn {}() {{ holds({name:?}); }} }}\n", name.replace(['-', '.'], "_"));
    let tests: String = names.iter().map(test).collect();
    fs::write(out.join("goldens.rs"), tests).expect("a file that can be written");
    println!("cargo::rerun-if-changed=fixtures");
}
