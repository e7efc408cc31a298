//! The model directories under `fixtures/`.

use percio_codegen_core::model::Model;
use percio_codegen_core::program::Program;
use percio_codegen_core::scheme::Fidelity;
use percio_codegen_core::{CompileOptions, LoadOptions, compile, load};
use percio_hosttools::reference::File;
use std::path::{Path, PathBuf};

/// The directory of this package.
pub(crate) const MANIFEST: &str = env!("CARGO_MANIFEST_DIR");

/// The directory of the fixture `name`.
pub(crate) fn directory(name: &str) -> PathBuf {
    Path::new(MANIFEST).join("fixtures").join(name)
}

/// The names of all fixtures, sorted.
pub(crate) fn names() -> Vec<String> {
    let mut names = entries(&Path::new(MANIFEST).join("fixtures"), Path::is_dir);
    names.sort();
    assert!(
        !names.is_empty(),
        "tests/fixtures holds no model directories: write them with hosttools/python/make_fixtures.py"
    );
    names
}

/// The reference files of the fixture `name`, sorted.
pub(crate) fn references(name: &str) -> Vec<PathBuf> {
    let is_reference = |path: &Path| {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        file.starts_with("reference") && file.ends_with(".safetensors")
    };
    let mut files = entries(&directory(name), is_reference);
    files.sort();
    assert!(
        !files.is_empty(),
        "tests/fixtures/{name} holds no reference: write it with hosttools/python/make_fixtures.py"
    );
    files.iter().map(|file| directory(name).join(file)).collect()
}

/// Names of what `directory` holds and `is_wanted`.
fn entries(directory: &Path, is_wanted: impl Fn(&Path) -> bool) -> Vec<String> {
    let shown = directory.display();
    let entries = directory.read_dir().unwrap_or_else(|error| panic!("{shown} cannot be listed: {error}"));
    let paths = entries.map(|entry| entry.unwrap_or_else(|error| panic!("{shown} cannot be listed: {error}")).path());
    let wanted = paths.filter(|path| is_wanted(path));
    wanted.filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())).collect()
}

/// The reference file at `path`.
pub(crate) fn reference(path: &Path) -> File {
    File::read(path).unwrap_or_else(|problems| panic!("{}: {problems}", path.display()))
}

/// The fixture `name` with inputs as large as its checkpoint says.
pub(crate) fn program(name: &str) -> Program {
    compile(model(name, &LoadOptions::default()), &CompileOptions::default()).unwrap()
}

/// [`model_for`], compiled.
pub(crate) fn program_for(name: &str, reference: &File) -> Program {
    compile(model_for(name, reference), &CompileOptions::default()).unwrap()
}

/// The fixture `name` with inputs as large as those in `reference`, and the arithmetic that made it.
pub(crate) fn model_for(name: &str, reference: &File) -> Model {
    let shapes = reference.inputs().into_iter().map(|(name, array)| (name.to_owned(), array.shape.clone()));
    let is_deepmind = reference.metadata.get("fidelity").is_some_and(|fidelity| fidelity == "deepmind");
    let fidelity = if is_deepmind { Fidelity::DeepMind } else { Fidelity::Own };
    let options = LoadOptions { data_shapes: shapes.collect(), fidelity, ..LoadOptions::default() };
    model(name, &options)
}

pub(crate) fn model(name: &str, options: &LoadOptions) -> Model {
    load(&directory(name), options).unwrap_or_else(|problems| panic!("{name}: {problems}"))
}
