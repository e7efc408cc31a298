//! How a file writes its numbers.

/// A type of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NumberType {
    /// Fractions.
    Float(Float),
    /// Whole numbers and truth values.
    Integer(Integer),
}

/// A type of floating-point numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Float {
    F16,
    BF16,
    F32,
    F64,
}

/// A type of integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Integer {
    /// One byte; zero is false.
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
}

impl NumberType {
    /// Bytes of a number.
    pub(super) fn width(self) -> usize {
        match self {
            Self::Integer(Integer::Bool | Integer::U8 | Integer::I8) => 1,
            Self::Float(Float::F16 | Float::BF16) | Self::Integer(Integer::U16 | Integer::I16) => 2,
            Self::Float(Float::F32) | Self::Integer(Integer::U32 | Integer::I32) => 4,
            Self::Float(Float::F64) | Self::Integer(Integer::U64 | Integer::I64) => 8,
        }
    }
}

/// The types that can be read, for messages.
pub(super) const SUPPORTED: &str = "F32, F16, BF16, F64, the integers up to 64 bits and BOOL";
