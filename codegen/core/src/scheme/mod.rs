//! Named tensors and a configuration to a [`Model`]: one module a source.
//!
//! Every module reads its configuration field by field (`fields`), then asks the `checkpoint` for tensors by name and
//! shape; both collect problems, so that a wrong directory is explained in one go.

mod block;
mod checkpoint;
mod constructor;
mod deepmind;
mod directory;
mod fields;
mod google_ar;
mod hf;
mod krasserm;
mod labels;
mod lucidrains;
mod lucidrains_ar;
mod native;
mod packed;
mod resampler;
mod rotary;
mod tigges;
mod unusable;
mod version;

pub use native::{Native, write as native};

use crate::container::Weights;
use crate::model::Model;
use crate::{Problems, Subject};
use checkpoint::Checkpoint;
use directory::Location;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use version::Version;

/// The name that data may give a model's only input, whatever it holds.
pub const ANY_INPUT: &str = "inputs";

/// What the caller decides beyond the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// Shapes of inputs whose size the checkpoint leaves open, by input name (without a batch axis). Each must be that of an
    /// input.
    pub input_shapes: BTreeMap<String, Vec<usize>>,
    /// Shapes of the data at hand, by name, a batch axis in front or not: they decide where `input_shapes` says nothing.
    pub data_shapes: BTreeMap<String, Vec<usize>>,
    /// Whose arithmetic a checkpoint of Hugging Face transformers is read with.
    pub fidelity: Fidelity,
    /// The library, whatever the configuration says; without a configuration it stands for one.
    pub library: Option<String>,
    /// The library's version, whatever the configuration says.
    pub dialect: Option<String>,
}

/// Whose arithmetic, where an implementation of the same weights is not the one that trained them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fidelity {
    /// That of the implementation that the checkpoint belongs to.
    #[default]
    Own,
    /// That of DeepMind's original in JAX.
    DeepMind,
}

impl LoadOptions {
    /// The name of the option that holds the shapes, for problems.
    const INPUT_SHAPES: Subject = Subject::Option("input_shapes");

    /// The shape of the input `name`, which has `rank` axes; one that was asked for may have any number.
    fn shape(&self, name: &str, rank: usize) -> Option<&[usize]> {
        let of_data = || {
            let shape = self.data_shapes.get(name).or_else(|| self.data_shapes.get(ANY_INPUT))?;
            shape.get(shape.len().checked_sub(rank)?..).filter(|_| shape.len() <= rank + 1)
        };
        self.input_shapes.get(name).map(Vec::as_slice).or_else(of_data)
    }
}

/// Reads the model at `path`: a directory with a configuration (`config.json`) and weights (`model.safetensors`, or one
/// file of another name or format), or the file of weights itself, with the configuration beside it. Without `config.json`
/// the hyper-parameters that Lightning saves with the weights are the configuration, and Haiku's parameters are taken for
/// those of a released model.
///
/// # Errors
/// Every problem of the model at once: what was read, what was expected, and what to change.
pub fn load(path: &Path, options: &LoadOptions) -> Result<Model, Problems> {
    load_tracked(path, options).map(|(model, _)| model)
}

/// [`load`], and the files that the model was read from.
///
/// # Errors
/// As [`load`].
pub fn load_tracked(path: &Path, options: &LoadOptions) -> Result<(Model, Vec<PathBuf>), Problems> {
    let location = Location::of(path)?;
    let mut problems = Problems::new();
    let weights = location.weights();
    let beside = weights.as_ref().ok().and_then(said_by);
    let told = || options.library.as_ref().map(|_| json!({}));
    let (config, mut files) = match beside.or_else(told).filter(|_| !location.has_config()) {
        Some(config) => (Some(config), Vec::new()),
        None => (problems.take(location.config()), vec![location.config_path()]),
    };
    let weights = problems.take(weights);
    files.extend(weights.iter().flat_map(|weights| weights.files().to_vec()));
    let checkpoint = Checkpoint::new(weights);
    let model = config.and_then(|config| problems.take(read(&location, config, checkpoint, options)));
    match model {
        Some(model) => problems.finish((model, files)),
        None => Err(problems),
    }
}

/// The configuration that weights bring along.
fn said_by(weights: &Weights) -> Option<serde_json::Value> {
    let hyper_parameters = weights.hyper_parameters().cloned();
    let has = |name: &str| weights.shape(name).is_some();
    let unsaid = || google_ar::is_meant(has).then_some(google_ar::LIBRARY);
    let unsaid = || unsaid().or_else(|| lucidrains_ar::is_meant(has).then_some(lucidrains_ar::LIBRARY));
    let unsaid = || unsaid().map(|library| json!({ "library": library }));
    hyper_parameters.or_else(unsaid).or_else(|| deepmind::is_meant(weights).then(deepmind::released))
}

/// The model that the configuration in the directory `path` describes: of its tensors the shapes alone, however large they
/// would be.
///
/// # Errors
/// Every problem of the configuration at once.
pub fn outline(path: &Path, options: &LoadOptions) -> Result<Model, Problems> {
    let location = Location::of(path)?;
    read(&location, location.config()?, Checkpoint::described(), options)
}

/// Whether there are weights at `path`.
#[must_use]
pub fn has_weights(path: &Path) -> bool {
    Location::of(path).is_ok_and(|location| location.has_weights())
}

/// The model of this configuration and these tensors.
fn read(
    location: &Location,
    config: serde_json::Value,
    checkpoint: Checkpoint,
    options: &LoadOptions,
) -> Result<Model, Problems> {
    let model = recognise(&location.name(), told(config, options)?, checkpoint, options)?;
    let mut problems = Problems::new();
    check_shapes(&model, options, &mut problems);
    problems.finish(model)
}

/// `config`, with what `options` say instead.
fn told(mut config: serde_json::Value, options: &LoadOptions) -> Result<serde_json::Value, Problems> {
    let Some(fields) = config.as_object_mut() else { return Ok(config) };
    match options.library.as_deref() {
        None => {}
        Some("percio") => drop(fields.insert("model_type".to_owned(), "percio".into())),
        Some(library) => {
            // Only transformers has a `library` and a `model_type`; where that is of its Perceiver, it decides.
            if library != "transformers"
                && fields.get("model_type").is_some_and(|kind| kind == "percio" || kind == "perceiver")
            {
                fields.remove("model_type");
            }
            fields.insert("library".to_owned(), library.into());
        }
    }
    if let Some(dialect) = &options.dialect {
        if fields.get("model_type").is_some_and(|kind| kind == "percio" || kind == "perceiver") {
            let mut problems = Problems::new();
            let message = format!(
                "dialect \"{dialect}\" is given, but the model says itself all that decides how it is read: leave the dialect out"
            );
            problems.add(Subject::Option("dialect"), message);
            return Err(problems);
        }
        fields.insert("version".to_owned(), dialect.clone().into());
    }
    Ok(config)
}

/// Reads a model of one library.
type Loader = fn(&str, serde_json::Value, Checkpoint, &LoadOptions) -> Result<Model, Problems>;

/// What `library` may be.
const LIBRARIES: [(&str, Loader); 9] = [
    (deepmind::LIBRARY, deepmind::load),
    (google_ar::LIBRARY, google_ar::load),
    (tigges::LIBRARY, tigges::load),
    ("perceiver-pytorch", lucidrains::load),
    (lucidrains_ar::LIBRARY, lucidrains_ar::load),
    ("flamingo-pytorch", resampler::flamingo_pytorch),
    ("open_flamingo", resampler::open_flamingo),
    ("ip-adapter", resampler::ip_adapter),
    ("transformers", resampler::idefics),
];

/// The model called `name` (unless the configuration says otherwise), from the source that `model_type` or `library` names.
fn recognise(
    name: &str,
    config: serde_json::Value,
    checkpoint: Checkpoint,
    options: &LoadOptions,
) -> Result<Model, Problems> {
    let said = |field| config.get(field).filter(|value| !value.is_null());
    let loader = |wanted: &serde_json::Value| LIBRARIES.iter().find(|(library, _)| wanted == library);
    if let Some(refusal) = unusable::refusal_of(&checkpoint) {
        return Err(refusal);
    }
    match (said("model_type"), said("library")) {
        (Some(kind), _) if kind == "percio" => native::load(config, checkpoint),
        (Some(kind), _) if kind == "perceiver" => hf::load(name, config, checkpoint, options),
        _ if krasserm::is_meant(&config) => krasserm::load(name, config, checkpoint),
        (None, None) if google_ar::is_meant(|name| checkpoint.has(name)) => {
            google_ar::load(name, config, checkpoint, options)
        }
        (None, None) if lucidrains_ar::is_meant(|name| checkpoint.has(name)) => {
            lucidrains_ar::load(name, config, checkpoint, options)
        }
        (None, None) if tigges::is_meant(&config) => tigges::load(name, config, checkpoint, options),
        (Some(kind), _) => Err(unknown("model_type", &kind.to_string())),
        (None, Some(library)) => match loader(library) {
            Some((_, load)) => load(name, config, checkpoint, options),
            None => Err(unusable::refusal(library).unwrap_or_else(|| unknown("library", &library.to_string()))),
        },
        (None, None) => Err(unknown("model_type", "missing")),
    }
}

fn unknown(field: &str, found: &str) -> Problems {
    let libraries = LIBRARIES.iter().map(|(library, _)| *library).chain([krasserm::LIBRARY]);
    let libraries: Vec<_> = libraries.map(|library| format!("\"{library}\"")).collect();
    Problems::model(format!(
        "`{field}` in config.json is {found}, expected a `model_type` \"percio\" (percio's own format) or \"perceiver\" (Hugging Face \
         transformers), or a `library` that is one of {}: export the model as one of these",
        libraries.join(", ")
    ))
}

/// Every shape given must be that of an input.
fn check_shapes(model: &Model, options: &LoadOptions, problems: &mut Problems) {
    let shapes = model.input_shapes();
    for (name, shape) in &options.input_shapes {
        match shapes.get(name) {
            Some(known) if known == shape => {}
            Some(known) => problems.add(
                LoadOptions::INPUT_SHAPES,
                format!(
                    "the shape given for input `{name}` is {shape:?}, but the checkpoint fixes {known:?}: give that one, or none"
                ),
            ),
            None => {
                let names: Vec<_> = shapes.keys().map(|name| format!("`{name}`")).collect();
                problems.add(
                    LoadOptions::INPUT_SHAPES,
                    format!("a shape is given for `{name}`, expected one of the inputs {}: correct the name", names.join(", ")),
                );
            }
        }
    }
}
