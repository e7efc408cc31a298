//! The `percio` command; see [`percio_hosttools::cli`].
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    percio_hosttools::cli::main()
}
