//! Runs with fewer latents and layers than the model has.

use super::{bits, interpreter};
use crate::generated::models::{Multi, Runs};
use crate::support::fixtures;
use crate::support::tolerance;
use crate::support::typed::{array, flat};
use percio_codegen_core::model::{Latents, Model, Tensor};
use percio_codegen_core::program::Program;
use percio_codegen_core::{CompileOptions, LoadOptions, compile, impossible};
use percio_hosttools::backend::{Backend, Outputs};
use percio_hosttools::metrics::Distance;
use percio_hosttools::sample::Sample;

#[percio::model("fixtures/native-multi", adaptive = true)]
pub struct Adaptive;

fn options() -> CompileOptions {
    CompileOptions { adaptive: true, ..CompileOptions::default() }
}

fn model() -> Model {
    fixtures::model("native-multi", &LoadOptions::default())
}

fn run(net: &mut Adaptive, sample: &Sample) -> Outputs {
    let [motion, picture, extra] = sample.inputs.as_slice() else { panic!("expected three inputs") };
    let output = net.infer(&AdaptiveInput { motion: array(motion), picture: array(picture), extra: array(extra) });
    vec![flat(output.activity), flat(output.track), flat(output.rows)]
}

/// The model with its first `latents` latents and `layers` layers only.
fn cut(latents: u32, layers: u32) -> Program {
    let mut model = model();
    let Latents::Learned(table) = &model.latents else { panic!("expected learned latents") };
    let [rows, width] = [latents as usize, table.columns()];
    model.latents =
        Latents::Learned(Tensor::new("latents", &[rows, width], table.numbers().unwrap()[..rows * width].to_vec()));
    model.schedule.truncate(1 + layers as usize);
    compile(model, &CompileOptions::default()).unwrap()
}

#[test]
fn with_all_latents_and_layers_it_is_the_model() {
    let sample = Sample::noise(&fixtures::program("native-multi"));
    assert_eq!(bits(&run(&mut Adaptive::new(), &sample)), bits(&Multi::new().run(&sample)));
    assert_eq!(size_of::<Adaptive>(), Adaptive::RAM_BYTES);
    assert!(size_of::<Adaptive>() - size_of::<Multi>() <= 16, "two words");
}

#[test]
fn fewer_latents_and_layers_are_a_smaller_model() {
    assert!(impossible(&model(), &options()).is_empty());
    let program = compile(model(), &options()).unwrap();
    let sample = Sample::noise(&program);
    let (mut net, mut interpreter) = (Adaptive::new(), interpreter(&program));
    for (latents, depth) in [(1, 0), (3, 4), (7, 1), (5, 2), (7, 4), (2, 4)] {
        net.with_latents(latents).with_depth(depth);
        interpreter.choose(latents as usize, depth as usize);
        let found = run(&mut net, &sample);
        let interpreted = interpreter.infer(&sample).expect("a program that runs");
        assert_eq!(bits(&found), bits(&interpreted), "{latents} latents, {depth} layers");
        let smaller = cut(latents, depth);
        let expected = super::interpreter(&smaller).infer(&sample).expect("a program that runs");
        let distance = Distance::between(&found, &expected, 1);
        assert!(distance.is_within(tolerance::STREAM), "{latents} latents, {depth} layers: {distance:?}");
    }
    net.with_latents(u32::MAX).with_depth(u32::MAX);
    assert_eq!(bits(&run(&mut net, &sample)), bits(&Multi::new().run(&sample)), "nothing is left of smaller runs");
}
