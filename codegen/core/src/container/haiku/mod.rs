//! Pickles of Haiku's parameters: dictionaries of modules, each a dictionary of arrays.

use super::Weights;
use super::numpy;
use super::pickle::{self, Id, Pickle};
use super::source::{Source, Span};
use super::stored::Stored;
use crate::{Problems, Subject};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Trees that stand beside each other in a checkpoint: trained parameters and running statistics.
const TREES: [&str; 2] = ["params", "state"];
/// How deep dictionaries may be nested.
const DEPTH: usize = 32;
/// How many entries a tree may have; a pickle can repeat a dictionary any number of times.
const MOST: usize = 1 << 16;

/// The weights in the pickle: an array is called `module/path:parameter`.
pub(super) fn open(source: &Arc<Source>) -> Result<Weights, Problems> {
    let pickle = pickle::read(&Span::whole(source))?;
    let mut reader = Reader { pickle: &pickle, tensors: BTreeMap::new(), problems: Problems::new(), left: MOST };
    let trees: Vec<Id> = TREES.iter().filter_map(|name| pickle.entry(pickle.root(), name)).collect();
    // Without trained parameters `state` is the name of a module.
    let trees = if pickle.entry(pickle.root(), TREES[0]).is_some() { trees } else { vec![pickle.root()] };
    for tree in trees {
        reader.tree(tree, &[]);
    }
    if reader.left == 0 {
        reader.complain(format!("has more than {MOST} entries: save the parameters alone"));
    } else if reader.tensors.is_empty() && reader.problems.is_empty() {
        reader.complain("holds no arrays: save the parameters".to_owned());
    }
    reader.problems.finish(Weights::new(source.path(), reader.tensors))
}

struct Reader<'a> {
    pickle: &'a Pickle,
    tensors: BTreeMap<String, Stored>,
    problems: Problems,
    left: usize,
}

impl Reader<'_> {
    /// Collects the arrays of the dictionary `id`, to which `path` leads.
    fn tree(&mut self, id: Id, path: &[&str]) {
        let Some(entries) = self.pickle.entries(id).filter(|_| path.len() < DEPTH) else {
            let what = self.pickle.describe(id);
            return self
                .complain_about(path, &format!("is {what}, expected an array or a dictionary of such: remove it"));
        };
        for &(key, value) in entries {
            self.left = self.left.saturating_sub(1);
            if self.left == 0 {
                return;
            }
            let Some(name) = self.pickle.text(key) else {
                let what = format!("has {} as a name, expected a text: rename it", self.pickle.describe(key));
                self.complain_about(path, &what);
                continue;
            };
            let path = [path, &[name]].concat();
            if numpy::is_array(self.pickle, value) {
                self.array(value, &path);
            } else {
                self.tree(value, &path);
            }
        }
    }

    fn array(&mut self, id: Id, path: &[&str]) {
        match numpy::array(self.pickle, id) {
            Ok(stored) => {
                if self.tensors.insert(name(path), stored).is_some() {
                    self.complain_about(path, "is there twice: keep one");
                }
            }
            Err(wrong) => self.complain_about(path, &wrong),
        }
    }

    fn complain_about(&mut self, path: &[&str], what: &str) {
        if path.is_empty() {
            return self.complain(what.to_owned());
        }
        let message = format!("tensor `{}` of `{}` {what}", name(path), self.pickle.path().display());
        self.problems.add(Subject::Model, message);
    }

    fn complain(&mut self, what: String) {
        self.problems.add(Subject::Model, format!("the pickle in `{}` {what}", self.pickle.path().display()));
    }
}

/// `module/path:parameter`.
fn name(path: &[&str]) -> String {
    match path.split_last() {
        Some((parameter, modules)) if !modules.is_empty() => format!("{}:{parameter}", modules.join("/")),
        _ => path.concat(),
    }
}
