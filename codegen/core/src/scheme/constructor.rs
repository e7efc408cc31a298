//! Configurations of libraries that keep none: `{"library", "version", "class", "args", "input_shapes"}`, where `args` are
//! the keyword arguments that the class was built with.

use super::checkpoint::Axis;
use super::fields::{Fields, SIZE, to_whole};
use super::{LoadOptions, Version};
use crate::{Problems, Subject};
use serde_json::{Map, Value};

/// What `config.json` says.
pub(super) struct Constructor {
    /// The version of the library.
    pub(super) version: Option<Version>,
    /// The class, perhaps with its module before it.
    pub(super) class: Option<String>,
    /// The keyword arguments.
    pub(super) args: Fields,
    shapes: Fields,
    fields: Fields,
    problems: Problems,
}

/// The length of an axis of an input.
pub(super) enum Length<'a> {
    /// Any, and the axis's name.
    Any(&'a str),
    /// This one.
    Is(Axis<'a>),
}

impl Constructor {
    /// Reads all but the arguments.
    pub(super) fn read(config: Value) -> Self {
        let mut fields = Fields::new("", config);
        fields.text("library");
        let parse = |value: &Value| Version::parse(value.as_str()?);
        let version = fields.read("version", "a version of three numbers such as \"0.8.8\"", parse);
        let class = fields.text("class");
        let args = fields.need_object("args");
        let shapes = fields.object("input_shapes");
        let shapes = shapes.unwrap_or_else(|| Fields::new("input_shapes", Map::new().into()));
        Self { version, class, args, shapes, fields, problems: Problems::new() }
    }

    /// A configuration that is the arguments, with nothing around them.
    pub(super) fn of_args(args: Value) -> Self {
        let empty = |path| Fields::new(path, Map::new().into());
        let (args, shapes, fields) = (Fields::new("", args), empty("input_shapes"), empty(""));
        Self { version: None, class: None, args, shapes, fields, problems: Problems::new() }
    }

    /// The shape of the input `name`, which the arguments leave open: the caller's, else that of the data at hand, else that
    /// of `input_shapes`. One that is missing or wrong is a problem and gives a placeholder.
    pub(super) fn shape(&mut self, options: &LoadOptions, name: &'static str, axes: &[Length<'_>]) -> Vec<usize> {
        let expected = expectation(axes);
        let written = self.shapes.read(name, &expected, lengths);
        let of_data = || options.shape(name, axes.len()).filter(|shape| fits(shape, axes)).map(<[usize]>::to_vec);
        let (shape, subject) = match options.input_shapes.get(name) {
            Some(shape) => (Some(shape.clone()), LoadOptions::INPUT_SHAPES),
            None => (of_data().or(written), Subject::Model),
        };
        match shape {
            Some(shape) if fits(&shape, axes) => return shape,
            Some(shape) => {
                let message = format!("the shape given for `{name}` is {shape:?}, expected {expected}: correct it");
                self.problems.add(subject, message);
            }
            None => self.problems.add(
                Subject::Model,
                format!(
                    "neither the weights nor `args` say how large the input `{name}` is: add its shape {expected} to \
                     config.json, as `input_shapes` {{\"{name}\": […]}}, or give it as an option"
                ),
            ),
        }
        axes.iter().map(Length::placeholder).collect()
    }

    /// The number of axes that the shape given for the input `name` has.
    pub(super) fn axes(&self, options: &LoadOptions, name: &str) -> Option<usize> {
        let asked = options.input_shapes.get(name).map(Vec::len);
        // Data has a batch axis in front.
        let of_data = || options.data_shapes.get(name)?.len().checked_sub(1);
        let written = || self.shapes.value(name).and_then(Value::as_array).map(Vec::len);
        asked.or_else(of_data).or_else(written)
    }

    /// Records a problem with the model.
    pub(super) fn complain(&mut self, message: impl Into<String>) {
        self.problems.add(Subject::Model, message);
    }

    /// The problems so far, when nobody can say which arguments belong.
    pub(super) fn known(self) -> Problems {
        let mut problems = self.fields.known();
        problems.append(self.args.known());
        problems.append(self.problems);
        problems
    }

    /// All problems, once everything has been read.
    pub(super) fn finish(mut self) -> Problems {
        self.fields.close(self.args);
        self.fields.close(self.shapes);
        let mut problems = self.fields.finish();
        problems.append(self.problems);
        problems
    }
}

impl Length<'_> {
    fn placeholder(&self) -> usize {
        match self {
            Self::Any(_) => 1,
            Self::Is((length, _)) => *length,
        }
    }
}

fn expectation(axes: &[Length<'_>]) -> String {
    let axis = |length: &Length<'_>| match length {
        Length::Any(name) => (*name).to_owned(),
        Length::Is((length, source)) => format!("{length} (`{source}`)"),
    };
    format!("[{}]", axes.iter().map(axis).collect::<Vec<_>>().join(", "))
}

fn fits(shape: &[usize], axes: &[Length<'_>]) -> bool {
    let fits = |(length, axis): (&usize, &Length<'_>)| match axis {
        Length::Any(_) => SIZE.contains(length),
        Length::Is((expected, _)) => length == expected,
    };
    shape.len() == axes.len() && shape.iter().zip(axes).all(fits)
}

fn lengths(value: &Value) -> Option<Vec<usize>> {
    value.as_array()?.iter().map(|length| to_whole(length, &SIZE)).collect()
}
