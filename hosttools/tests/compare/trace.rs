//! What the interpreter shows of a run.

use crate::support::fixture;
use percio_codegen_core::{CompileOptions, LoadOptions, compile, load};
use percio_hosttools::backend::{Backend, Interpreter, Keep};
use percio_hosttools::reference::File;
use std::num::NonZeroUsize;

/// Looking changes nothing, tiles make no difference, and every query's weights sum to one.
#[test]
fn a_watched_run_is_the_run() {
    for (name, reference) in [
        ("hf-masked-lm", "reference"),
        ("hf-image-fourier", "reference-masked"),
        ("native-multi", "reference"),
        ("native-grid", "reference"),
        ("krasserm-11-causal-lm", "reference"),
        ("lucidrains-perceiver-inverted", "reference"),
    ] {
        let file = File::read(&fixture(name).join(reference).with_extension("safetensors")).expect("a reference");
        let data_shapes =
            file.inputs().into_iter().map(|(name, array)| (name.to_owned(), array.shape.clone())).collect();
        let model = load(&fixture(name), &LoadOptions { data_shapes, ..LoadOptions::default() }).expect("a model");
        let traces = [None, NonZeroUsize::new(1)].map(|tile| {
            let program = compile(model.clone(), &CompileOptions { tile, ..CompileOptions::default() }).unwrap();
            let samples = file.bind(&program).expect("it fits").samples;
            let mut interpreter = Interpreter::new(&program).expect("a sound program").on(Some("scalar"));
            let (outputs, trace) = interpreter.watch(&samples[0], Keep::StagesAndAttention);
            assert_eq!(outputs, interpreter.infer(&samples[0]).expect("it runs"), "{name}");
            for map in &trace.attention {
                assert_eq!(map.weights.len(), map.heads * map.queries * map.keys, "{name} {}", map.name);
                let sums = map.weights.chunks(map.keys).map(|weights| weights.iter().sum::<f32>());
                assert!(sums.into_iter().all(|sum| sum == 0.0 || (sum - 1.0).abs() < 1e-5), "{name} {}", map.name);
            }
            trace
        });
        let [whole, tiled] = traces;
        assert_eq!(whole.stages.len(), tiled.stages.len(), "{name}");
        for (whole, tiled) in whole.stages.iter().zip(&tiled.stages) {
            assert_eq!(
                (&whole.name, whole.width, whole.numbers.len()),
                (&tiled.name, tiled.width, tiled.numbers.len())
            );
            let largest = whole.numbers.iter().fold(0.0f32, |largest, number| largest.max(number.abs()));
            let pairs = whole.numbers.iter().zip(&tiled.numbers);
            let error = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(error <= 1e-5 * largest, "{name} {}: {error} of {largest}", whole.name);
        }
        let shapes = |trace: &percio_hosttools::backend::Trace| -> Vec<_> {
            trace.attention.iter().map(|map| (map.name.clone(), map.heads, map.queries, map.keys)).collect()
        };
        assert_eq!(shapes(&whole), shapes(&tiled), "{name}");
        // Where positions have left the tokens, those of the source are never made.
        let first = if name == "hf-image-fourier" { "embedding" } else { "tokens" };
        assert!(whole.stages.iter().any(|stage| stage.name == first) && !whole.attention.is_empty(), "{name}");
    }
}
