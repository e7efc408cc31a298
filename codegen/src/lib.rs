//! The attribute `#[percio::model(…)]`: a thin shell over `percio-codegen-core`, which does and tests the work.

use proc_macro::TokenStream;
use std::path::PathBuf;

/// Turns a trained model into the annotated unit struct.
///
/// ```text
/// #[percio::model("models/motion", weights = "f32", flash = "400 KiB", ram = "24 KiB")]
/// pub struct Motion;
/// ```
///
/// The first argument is a model directory (`config.json` and `model.safetensors`) or a file of weights beside its
/// `config.json`, relative to the directory of the crate's `Cargo.toml`. Options, all of them optional:
///
/// | option | meaning |
/// |---|---|
/// | `weights` | how matrices and embeddings are stored: `"f32"`, `"f16"` or `"bf16"`; all are computed in `f32` |
/// | `flash`, `ram` | budgets; a model that exceeds one does not compile, and the error lists its largest parts |
/// | `positions` | what becomes of tokens that arrive after the last position: `"stop"` (they are not read), `"wrap"` (they stand at the first ones again) or `"unbounded"` (positions go on) |
/// | `outputs` | `"kept"` (all rows are in memory after a run) or `"decoded"` (a row is decoded when it is asked for; there is no `infer`, and RAM does not depend on the number of queries) |
/// | `adaptive` | `true` allows runs with fewer latents and layers: `with_latents`, `with_depth` |
/// | `optimize` | what to save where one thing costs another: `"speed"` (multiplications), `"ram"` or `"flash"`; by default multiplications, but no RAM for larger tiles |
/// | `outside` | `true` allows a directory outside the crate's |
///
/// The struct gets `new` (const), `infer`, the constants of `percio::Model` and that trait; several inputs or outputs
/// come as structs named after it, with the suffix `Input` or `Output`. A change of the model's files rebuilds the crate.
#[proc_macro_attribute]
pub fn model(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let manifest = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    percio_codegen_core::expand(arguments.into(), item.into(), &manifest).into()
}
