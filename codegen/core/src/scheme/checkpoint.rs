//! Tensors by name and expected shape: what is missing, wrong or left over.

use crate::container::Weights;
use crate::model::{Data, Linear, Model, Norm, NormKind, Tensor};
use crate::{Problems, Subject};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

/// An expected length, and the words for where it comes from.
pub(super) type Axis<'a> = (usize, &'a str);

/// Whether a linear layer may lack its bias.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bias {
    /// It may not.
    Required,
    /// It may.
    Optional,
    /// It has none.
    Absent,
}

/// The tensors that have not been asked for yet. An absent or wrong one gives an empty placeholder of the right shape and
/// records a problem, so that all of them are found.
pub(super) struct Checkpoint {
    tensors: Tensors,
    /// What all names start with.
    root: String,
    missing: Vec<String>,
    mismatches: Vec<Mismatch>,
    /// Tensors that have the numbers of another.
    copies: BTreeSet<String>,
    parameters: u64,
    /// Those of them that weights may lack, where there are none to look at.
    possible: u64,
    problems: Problems,
}

/// Where tensors come from.
enum Tensors {
    /// From files.
    Stored(Weights),
    /// From files that could not be opened: nothing is missing, as that has been said.
    Unreadable,
    /// From the configuration, which knows their shapes: none is missing, and every one that may be there is.
    Described,
}

/// Tensors that disagree with the configuration about the same thing.
struct Mismatch {
    source: String,
    expected: usize,
    found: usize,
    tensors: Vec<String>,
}

/// So many tensors of a [`Mismatch`] are named; one cause often concerns all of them.
const NAMED: usize = 6;

impl Checkpoint {
    /// All tensors of `weights`; none when they could not be opened.
    pub(super) fn new(weights: Option<Weights>) -> Self {
        Self::of(weights.map_or(Tensors::Unreadable, Tensors::Stored))
    }

    /// Tensors without numbers, of whatever shape is asked for.
    pub(super) fn described() -> Self {
        Self::of(Tensors::Described)
    }

    fn of(tensors: Tensors) -> Self {
        Self {
            tensors,
            root: String::new(),
            missing: Vec::new(),
            mismatches: Vec::new(),
            copies: BTreeSet::new(),
            parameters: 0,
            possible: 0,
            problems: Problems::new(),
        }
    }

    /// From now on all names are those of tensors below `root`.
    pub(super) fn within(&mut self, root: &str) {
        root.clone_into(&mut self.root);
    }

    /// Whether a tensor of this name is stored and has not been asked for.
    pub(super) fn has(&self, name: &str) -> bool {
        let name = format!("{}{name}", self.root);
        matches!(&self.tensors, Tensors::Stored(weights) if weights.shape(&name).is_some())
    }

    /// The shape of the tensor of this name, if it is there and has not been asked for.
    pub(super) fn shape(&self, name: &str) -> Option<&[usize]> {
        match &self.tensors {
            Tensors::Stored(weights) => weights.shape(&format!("{}{name}", self.root)),
            Tensors::Unreadable | Tensors::Described => None,
        }
    }

    /// The same after `turn` has given its weights other names and axes.
    pub(super) fn turned(self, turn: impl FnOnce(Weights) -> Weights) -> Self {
        let tensors = match self.tensors {
            Tensors::Stored(weights) => Tensors::Stored(turn(weights)),
            other => other,
        };
        Self { tensors, ..self }
    }

    /// Whether there are weights to look at.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.tensors, Tensors::Stored(_))
    }

    /// Whether the weights are there, but without a tensor of this name that has not been asked for.
    pub(super) fn lacks(&self, name: &str) -> bool {
        matches!(self.tensors, Tensors::Stored(_)) && !self.has(name)
    }

    /// Lets the tensor `copy` have the numbers of the tensor `original`, which alone is stored.
    pub(super) fn share(&mut self, copy: &str, original: &str) {
        self.copies.insert(copy.to_owned());
        let Tensors::Stored(weights) = &mut self.tensors else { return };
        if !weights.share(copy, original) {
            let stands = if weights.shape(copy).is_some() { "is stored too" } else { "has no tensor to share" };
            self.complain(format!(
                "`shared` in config.json says that `{copy}` is `{original}`, but it {stands}: remove the entry, or save the weights \
                 that belong to it"
            ));
        }
    }

    /// Takes `tensors` out of the number of parameters: they have been counted under other names.
    pub(super) fn discount(&mut self, tensors: &[&Tensor]) {
        self.parameters -= tensors.iter().map(|tensor| tensor.len() as u64).sum::<u64>();
    }

    /// Records a problem with the model.
    pub(super) fn complain(&mut self, message: impl Into<String>) {
        self.problems.add(Subject::Model, message);
    }

    /// Records a problem with something else.
    pub(super) fn complain_about(&mut self, subject: Subject, message: impl Into<String>) {
        self.problems.add(subject, message);
    }

    /// A trained tensor.
    pub(super) fn tensor(&mut self, name: &str, axes: &[Axis<'_>]) -> Tensor {
        let tensor = self.buffer(name, axes);
        if !self.copies.contains(name) {
            self.parameters += tensor.len() as u64;
        }
        tensor
    }

    /// A trained tensor, if it is there.
    pub(super) fn optional(&mut self, name: &str, axes: &[Axis<'_>]) -> Option<Tensor> {
        if matches!(self.tensors, Tensors::Described) {
            self.possible += axes.iter().map(|(length, _)| *length as u64).product::<u64>();
            return Some(self.tensor(name, axes));
        }
        self.has(name).then(|| self.tensor(name, axes))
    }

    /// A trained tensor whose absence needs the sentence `missing`.
    pub(super) fn tensor_or(&mut self, name: &str, axes: &[Axis<'_>], missing: impl FnOnce() -> String) -> Tensor {
        if self.lacks(name) {
            self.complain(missing());
            return placeholder(name, axes);
        }
        self.tensor(name, axes)
    }

    /// A tensor that is no parameter (running statistics).
    pub(super) fn buffer(&mut self, name: &str, axes: &[Axis<'_>]) -> Tensor {
        let name = &format!("{}{name}", self.root);
        let Tensors::Stored(weights) = &mut self.tensors else { return placeholder(name, axes) };
        match weights.take(name) {
            None => self.missing.push(format!("`{name}` {:?}", lengths(axes))),
            Some(stored) if stored.shape() == lengths(axes) => {
                if let Some(tensor) = self.problems.take(stored.read(name)) {
                    return tensor;
                }
            }
            Some(stored) => self.mismatch(name, stored.shape(), axes),
        }
        placeholder(name, axes)
    }

    /// [`Checkpoint::buffer`], if it is there.
    pub(super) fn optional_buffer(&mut self, name: &str, axes: &[Axis<'_>]) -> Option<Tensor> {
        self.has(name).then(|| self.buffer(name, axes))
    }

    /// The numbers of `tensor`; none where it has none or they cannot be read.
    pub(super) fn numbers<'a>(&mut self, tensor: &'a Tensor) -> Cow<'a, [f32]> {
        self.problems.take(tensor.numbers()).unwrap_or_default()
    }

    /// Drops the tensors below `copy`, which are to be those of the same names below `original`.
    pub(super) fn drop_copies(&mut self, copy: &str, original: &str) {
        let (copy, original) = (format!("{}{copy}.", self.root), format!("{}{original}.", self.root));
        let Tensors::Stored(weights) = &mut self.tensors else { return };
        let copies: Vec<_> = weights.names().filter_map(|name| name.strip_prefix(&copy)).map(str::to_owned).collect();
        let mut differ = Vec::new();
        for name in copies {
            let tensor = weights.take(&format!("{copy}{name}"));
            let twin = weights.peek(&format!("{original}{name}"));
            let [tensor, twin] = [tensor.as_ref(), twin].map(|stored| self.problems.take(stored?.read(&name)));
            if tensor != twin {
                differ.push(format!("`{copy}{name}`"));
            }
        }
        if !differ.is_empty() {
            let (count, list) = (count(differ.len()), differ.join(", "));
            self.complain(format!(
                "{count} below `{copy}` differ from those below `{original}`, whose weights config.json shares: {list}; correct \
                 config.json, or save the weights again"
            ));
        }
    }

    /// Files a tensor of a wrong shape under the first axis that is wrong.
    fn mismatch(&mut self, name: &str, shape: &[usize], axes: &[Axis<'_>]) {
        let entry = format!("`{name}` {shape:?} instead of {:?}", lengths(axes));
        let wrong = shape.iter().zip(axes).find(|(found, (expected, _))| *found != expected);
        let Some((&found, &(expected, source))) = wrong.filter(|_| shape.len() == axes.len()) else {
            let sources: Vec<_> = axes.iter().map(|(_, source)| *source).collect();
            let sources = sources.join(" × ");
            self.complain(format!("tensor {entry} ({sources}) has another number of axes: save the weights again"));
            return;
        };
        let same =
            |other: &&mut Mismatch| (other.source.as_str(), other.expected, other.found) == (source, expected, found);
        match self.mismatches.iter_mut().find(same) {
            Some(group) => group.tensors.push(entry),
            None => self.mismatches.push(Mismatch { source: source.to_owned(), expected, found, tensors: vec![entry] }),
        }
    }

    /// `<name>.weight` and `<name>.bias` of a linear layer.
    pub(super) fn linear(&mut self, name: &str, outputs: Axis<'_>, inputs: Axis<'_>, bias: Bias) -> Linear {
        let weight = self.tensor(&format!("{name}.weight"), &[outputs, inputs]);
        let name = format!("{name}.bias");
        let bias = match bias {
            Bias::Required => Some(self.tensor(&name, &[outputs])),
            Bias::Optional => self.optional(&name, &[outputs]),
            Bias::Absent => None,
        };
        Linear { weight, bias }
    }

    /// `K` linear layers without biases over the same numbers, whose weights lie below each other in `<name>.weight`.
    pub(super) fn fused<const K: usize>(&mut self, name: &str, outputs: Axis<'_>, inputs: Axis<'_>) -> [Linear; K] {
        let source = format!("{K} × {}", outputs.1);
        let all = self.tensor(&format!("{name}.weight"), &[(K * outputs.0, &source), inputs]);
        std::array::from_fn(|index| Linear { weight: all.part_of_rows(index * outputs.0, outputs.0), bias: None })
    }

    /// `<name>.weight` and `<name>.bias` of a layer norm.
    pub(super) fn norm(&mut self, name: &str, width: Axis<'_>, eps: f64) -> Norm {
        Norm {
            kind: NormKind::Layer,
            gain: Some(self.tensor(&format!("{name}.weight"), &[width])),
            offset: Some(self.tensor(&format!("{name}.bias"), &[width])),
            eps,
        }
    }

    /// `model` with its parameters counted, unless there were problems. Left over tensors are one, unless `harmless`.
    pub(super) fn finish(mut self, mut model: Model, harmless: impl Fn(&str) -> bool) -> Result<Model, Problems> {
        for group in std::mem::take(&mut self.mismatches) {
            self.complain(group.to_string());
        }
        if let Tensors::Stored(weights) = std::mem::replace(&mut self.tensors, Tensors::Unreadable) {
            self.missing_and_left(&weights, harmless);
        }
        model.parameters = self.parameters;
        if self.possible > 0 {
            let (least, most) = (self.parameters - self.possible, self.parameters);
            model.provenance.remarks.push(format!(
                "parameters are counted with every bias, {most}; weights without any have {least}, and config.json does not say"
            ));
        }
        self.problems.finish(model)
    }

    /// Complains about tensors that are not in `weights`, and about those that nothing asked for.
    fn missing_and_left(&mut self, weights: &Weights, harmless: impl Fn(&str) -> bool) {
        let file = weights.file_name();
        if !self.missing.is_empty() {
            let (count, list) = (count(self.missing.len()), self.missing.join(", "));
            self.complain(format!(
                "{file} lacks {count} that config.json asks for: {list}; save them under these names, or correct config.json"
            ));
        }
        let unused = weights.names().filter(|name| !harmless(name));
        let list: Vec<_> =
            unused.map(|name| format!("`{name}` {:?}", weights.shape(name).unwrap_or_default())).collect();
        if !list.is_empty() {
            let (count, list) = (count(list.len()), list.join(", "));
            self.complain(format!(
                "{file} holds {count} that config.json has no use for: {list}; remove them, or correct config.json"
            ));
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, expected, found, tensors } = self;
        let verb = if tensors.len() == 1 { "has" } else { "have" };
        write!(f, "{} {verb} {found} where {source} makes {expected}: ", count(tensors.len()))?;
        write!(f, "{}", tensors[..tensors.len().min(NAMED)].join(", "))?;
        if tensors.len() > NAMED {
            write!(f, " and {} more", tensors.len() - NAMED)?;
        }
        write!(f, "; correct config.json, or save the weights that belong to it")
    }
}

fn count(tensors: usize) -> String {
    format!("{tensors} tensor{}", if tensors == 1 { "" } else { "s" })
}

fn lengths(axes: &[Axis<'_>]) -> Vec<usize> {
    axes.iter().map(|(length, _)| *length).collect()
}

/// Stands for a tensor that is not there; only a model that a configuration describes is returned with one.
fn placeholder(name: &str, axes: &[Axis<'_>]) -> Tensor {
    Tensor { name: name.to_owned(), shape: lengths(axes), data: Data::default() }
}
