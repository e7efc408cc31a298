//! The same test on every instruction set of this machine.
//!
//! A process decides for one instruction set, once: `PERCIO_ISA` forces it. So a test runs itself again in a process of
//! its own for each that the processor has, unless the variable is set, and then only there: one that the machine lacks fails.

use std::process::Command;

/// `fn name() { … }` as a test on every instruction set of this machine.
macro_rules! on_every_isa {
    ($(#[$attribute:meta])* fn $name:ident() $body:block) => {
        #[test]
        $(#[$attribute])*
        fn $name() {
            $crate::support::isa::run(concat!(module_path!(), "::", stringify!($name)), || $body);
        }
    };
}
pub(crate) use on_every_isa;

/// Runs `body` here when an instruction set is forced, else the test called `path` once for each.
pub(crate) fn run(path: &str, body: impl FnOnce()) {
    if std::env::var_os("PERCIO_ISA").is_some() {
        return body();
    }
    let (_, name) = path.split_once("::").expect("a test is in a module of its crate");
    let this = std::env::current_exe().expect("the path of this test binary");
    for isa in percio::isa::available() {
        let mut command = Command::new(&this);
        let output = command.args(["--exact", name, "--nocapture"]).env("PERCIO_ISA", isa).output();
        let output = output.unwrap_or_else(|error| panic!("{} cannot be run: {error}", this.display()));
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(output.status.success() && text.contains("1 passed"), "on {isa}:\n{text}");
        println!("on {isa}:\n{text}");
    }
}
