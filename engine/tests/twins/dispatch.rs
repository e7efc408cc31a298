//! The choice of an instruction set.

use percio::isa::{self, Isa, Kernel, Scalar};

struct Name;

impl Kernel for Name {
    type Output = &'static str;

    fn run<I: Isa>(self, _: I) -> &'static str {
        I::NAME
    }
}

#[test]
fn every_name_runs_what_it_says() {
    for name in isa::NAMES {
        assert_eq!(isa::on(name, Name), *name);
    }
    assert_eq!(Scalar.run(Name), "scalar");
}

#[test]
fn the_choice_is_the_forced_or_the_last_one() {
    let forced = std::env::var("PERCIO_ISA").ok();
    assert_eq!(isa::name(), forced.as_deref().unwrap_or(isa::NAMES[isa::NAMES.len() - 1]));
    assert_eq!(isa::dispatch(Name), isa::name());
}

#[test]
#[should_panic(expected = "no instruction set `sse9` on this architecture: PERCIO_ISA may be one of scalar")]
fn an_unknown_name_is_refused() {
    isa::on("sse9", Name);
}
