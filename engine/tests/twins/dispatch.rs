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
    for name in isa::available() {
        assert_eq!(isa::on(name, Name), name);
    }
    assert_eq!(Scalar.run(Name), "scalar");
}

#[test]
fn the_choice_is_the_forced_or_the_last_one() {
    let forced = std::env::var("PERCIO_ISA").ok();
    let best = isa::available().next_back();
    assert_eq!(Some(isa::name()), forced.as_deref().or(best));
    assert_eq!(isa::dispatch(Name), isa::name());
}

#[test]
fn a_machine_has_what_its_processor_reports() {
    #[cfg(target_arch = "x86_64")]
    let expected = [
        ("scalar", true),
        ("avx2", is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")),
        ("avx512", is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx2")),
    ];
    #[cfg(target_arch = "aarch64")]
    let expected = [("scalar", true), ("neon", true)];
    #[cfg(target_arch = "wasm32")]
    let expected = [("scalar", true), ("simd128", cfg!(target_feature = "simd128"))];
    let expected = expected.into_iter().filter_map(|(name, has)| has.then_some(name));
    assert_eq!(isa::available().collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

// WebAssembly ends where others unwind.
#[cfg(panic = "unwind")]
#[test]
#[should_panic(expected = "no instruction set `sse9` on this architecture: PERCIO_ISA may be one of scalar")]
fn an_unknown_name_is_refused() {
    isa::on("sse9", Name);
}
