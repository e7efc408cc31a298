//! The build script's front end: the code of the attribute, with the weights in a file.

use crate::generated::models::{Multi, Runs};
use crate::support::fixtures::{MANIFEST, program};
use crate::support::typed::{array, flat};
use percio_codegen_core::{Build, expand};
use percio_hosttools::sample::Sample;
use quote::quote;
use std::path::Path;
use written::{FromBuildScript, FromBuildScriptInput};

#[allow(dead_code, unreachable_pub, reason = "the code of a public type, of which this module uses a part")]
mod written {
    include!(concat!(env!("OUT_DIR"), "/frombuildscript.rs"));
}

#[test]
fn code_from_a_build_script_runs_like_that_of_the_attribute() {
    let program = program("native-multi");
    let sample = Sample::noise(&program);
    let [motion, picture, extra] = sample.inputs.as_slice() else { panic!("expected three inputs") };
    let input = FromBuildScriptInput { motion: array(motion), picture: array(picture), extra: array(extra) };
    let mut net = FromBuildScript::new();
    let output = net.infer(&input);
    assert_eq!(vec![flat(output.activity), flat(output.track), flat(output.rows)], Multi::new().run(&sample));
    assert_eq!(FromBuildScript::weights(), Multi::weights());
    assert_eq!(FromBuildScript::CHECKSUM, Multi::CHECKSUM);
    assert_eq!(FromBuildScript::ACTIVITY_LABELS, Multi::ACTIVITY_LABELS);
}

#[test]
fn code_from_a_build_script_is_that_of_the_attribute_apart_from_the_files() {
    let out = tempfile::tempdir().expect("a temporary directory");
    let tracked = Build::new("Multi", "fixtures/native-multi").generate_in(Path::new(MANIFEST), out.path());
    let tracked = tracked.unwrap_or_else(|problems| panic!("{problems}"));
    let blob = program("native-multi").blob;
    assert_eq!(std::fs::read(out.path().join("multi.weights")).expect("the weights"), blob);

    let include = |path: &Path| {
        let path = path.to_string_lossy();
        quote!(::core::include_bytes!(#path)).to_string()
    };
    let literal = proc_macro2::Literal::byte_string(&blob).to_string();
    let written = std::fs::read_to_string(out.path().join("multi.rs")).expect("the code");
    let from_script = written.replace(&include(&out.path().join("multi.weights")), &literal);

    let item = quote!(
        pub struct Multi;
    );
    let mut from_attribute = expand(quote!("fixtures/native-multi"), item, Path::new(MANIFEST)).to_string();
    for path in &tracked {
        from_attribute = from_attribute.replace(&format!("const _ : & [u8] = {} ;", include(path)), "");
    }
    let words = |code: &str| code.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&from_script), words(&from_attribute));
}
