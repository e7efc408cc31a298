//! The callables that a checkpoint may name in a call. None is ever called: readers know what it would have made.

use super::Global;

/// What a callable makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::container) enum Known {
    /// A dictionary; its entries follow.
    OrderedDict,
    /// A dictionary with a value for absent keys; its entries follow.
    DefaultDict,
    /// A dictionary of counts, its only argument.
    Counter,
    /// A set of the items of its only argument.
    Set,
    /// Bytes: `(text, "latin1")`.
    Encode,
    /// Bytes, or an empty value of a built-in type.
    Bytes,
    /// A path from its parts.
    Path,
    /// A tensor: `(storage, offset, shape, strides, …)`.
    Tensor,
    /// A tensor of a type without a storage type of its own: `(storage, offset, shape, strides, …, …, dtype)`.
    TypedTensor,
    /// A tensor: its first argument.
    Parameter,
    /// A tensor: `(function, class, arguments of the function, state)`.
    TensorOfClass,
    /// A shape, a tuple.
    Shape,
    /// A device, its name.
    Device,
    /// An array to be filled by its state: `(version, shape, dtype, column-major, bytes)`.
    Array,
    /// An array: `(bytes, dtype, shape, "C" or "F")`, or `(bytes, dtype, shape, "K", order of the axes)`.
    ArrayOfBuffer,
    /// A number: `(dtype, bytes)`.
    Scalar,
    /// A number type: its code, and byte order in its state.
    NumberType,
    /// An array as JAX keeps it: `(function of NumPy, its arguments, state of the array, …)`.
    JaxArray,
    /// Haiku's dictionary: its only argument.
    HaikuMapping,
}

/// The names that the callables have had.
const KNOWN: [(&[&str], &[&str], Known); 21] = [
    (&["collections"], &["OrderedDict"], Known::OrderedDict),
    (&["collections"], &["defaultdict"], Known::DefaultDict),
    (&["collections"], &["Counter"], Known::Counter),
    (&["builtins", "__builtin__"], &["set", "frozenset"], Known::Set),
    (&["builtins", "__builtin__"], &["bytes", "bytearray"], Known::Bytes),
    (&["_codecs"], &["encode"], Known::Encode),
    (
        &["pathlib", "pathlib._local"],
        &["Path", "PosixPath", "PurePosixPath", "PureWindowsPath", "WindowsPath"],
        Known::Path,
    ),
    (&["torch._utils"], &["_rebuild_tensor_v2", "_rebuild_tensor"], Known::Tensor),
    (&["torch._utils"], &["_rebuild_tensor_v3"], Known::TypedTensor),
    (&["torch._utils"], &["_rebuild_parameter", "_rebuild_parameter_with_state"], Known::Parameter),
    (&["torch._tensor"], &["_rebuild_from_type_v2"], Known::TensorOfClass),
    (&["torch"], &["Size"], Known::Shape),
    (&["torch"], &["device"], Known::Device),
    (&["numpy.core.multiarray", "numpy._core.multiarray"], &["_reconstruct"], Known::Array),
    (&["numpy.core.multiarray", "numpy._core.multiarray"], &["scalar"], Known::Scalar),
    (&["numpy.core.numeric", "numpy._core.numeric"], &["_frombuffer"], Known::ArrayOfBuffer),
    (&["numpy"], &["dtype"], Known::NumberType),
    (&["jax._src.array"], &["_reconstruct_array"], Known::JaxArray),
    (&["jax._src.device_array"], &["reconstruct_device_array"], Known::JaxArray),
    (&["jax.interpreters.xla"], &["reconstruct_device_array"], Known::JaxArray),
    (&["haiku._src.data_structures"], &["FlatMapping", "FlatMap", "frozendict"], Known::HaikuMapping),
];

impl Known {
    /// What the callable makes, if it is known.
    pub(in crate::container) fn of(callable: &Global) -> Option<Self> {
        let names = |(modules, names, _): &&(&[&str], &[&str], Self)| {
            modules.contains(&callable.module.as_str()) && names.contains(&callable.name.as_str())
        };
        KNOWN.iter().find(names).map(|(.., known)| *known)
    }
}
