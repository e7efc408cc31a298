//! The instructions of pickles, protocols 2 to 5 (Python's `pickletools`).

use super::cursor::Cursor;
use super::{Global, Value};

/// One instruction, its operands read.
#[derive(Debug)]
pub(super) enum Opcode {
    /// Puts a value on the stack.
    Push(Value),
    /// Starts a run of values.
    Mark,
    /// Drops a value.
    Pop,
    /// Drops the run since the mark.
    PopMark,
    /// Repeats the value on top.
    Duplicate,
    /// A tuple of so many values.
    Tuple(usize),
    /// A tuple of the run.
    TupleOfRun,
    /// A list of the run.
    ListOfRun,
    /// A dictionary of the run.
    DictOfRun,
    /// A set of the run that cannot change.
    SetOfRun,
    /// Adds one value to a list.
    Append,
    /// Adds the run to a list.
    AppendRun,
    /// Adds the run to a set.
    AddRun,
    /// Sets one entry of a dictionary.
    SetEntry,
    /// Sets the run's entries.
    SetRun,
    /// Puts a remembered value on the stack.
    Get(u64),
    /// Remembers the value on top under a number.
    Put(u64),
    /// Remembers the value on top under the next number.
    Memoize,
    /// A class or function by the two texts on the stack.
    StackGlobal,
    /// Something outside, by the value on the stack.
    Persistent,
    /// Calls a function: callable, arguments.
    Reduce,
    /// Makes an object: class, arguments.
    NewObject,
    /// Makes an object: class, arguments, named arguments.
    NewObjectNamed,
    /// Fills an object: object, state.
    Build,
    /// The end.
    Stop,
    /// Nothing for a reader.
    Nothing,
}

/// Why there is no instruction.
pub(super) enum Flaw {
    /// The bytes end, or are no text where one is expected.
    Ends,
    /// An instruction of protocols 0 and 1, which are text.
    Textual(u8),
    /// No instruction.
    Unknown(u8),
}

impl Opcode {
    /// The next instruction.
    pub(super) fn read(cursor: &mut Cursor) -> Result<Self, Flaw> {
        let code = cursor.byte().ok_or(Flaw::Ends)?;
        match code {
            b'I' | b'L' | b'F' | b'S' | b'V' | b'P' | b'i' | b'o' | b'p' | b'g' => Err(Flaw::Textual(code)),
            _ => match Self::plain(code) {
                Some(opcode) => Ok(opcode),
                None => operand(code, cursor).ok_or(Flaw::Ends)?.ok_or(Flaw::Unknown(code)),
            },
        }
    }

    /// An instruction without an operand.
    fn plain(code: u8) -> Option<Self> {
        Some(match code {
            b'N' => Self::Push(Value::None),
            0x88 => Self::Push(Value::Bool(true)),
            0x89 => Self::Push(Value::Bool(false)),
            b']' => Self::Push(Value::List(Vec::new())),
            b'}' => Self::Push(Value::Dict(Vec::new())),
            0x8f => Self::Push(Value::Set(Vec::new())),
            b')' => Self::Tuple(0),
            0x85 => Self::Tuple(1),
            0x86 => Self::Tuple(2),
            0x87 => Self::Tuple(3),
            b'(' => Self::Mark,
            b'0' => Self::Pop,
            b'1' => Self::PopMark,
            b'2' => Self::Duplicate,
            b't' => Self::TupleOfRun,
            b'l' => Self::ListOfRun,
            b'd' => Self::DictOfRun,
            0x91 => Self::SetOfRun,
            b'a' => Self::Append,
            b'e' => Self::AppendRun,
            0x90 => Self::AddRun,
            b's' => Self::SetEntry,
            b'u' => Self::SetRun,
            0x94 => Self::Memoize,
            0x93 => Self::StackGlobal,
            b'Q' => Self::Persistent,
            b'R' => Self::Reduce,
            0x81 => Self::NewObject,
            0x92 => Self::NewObjectNamed,
            b'b' => Self::Build,
            b'.' => Self::Stop,
            0x98 => Self::Nothing,
            _ => return None,
        })
    }
}

/// An instruction with an operand: `None` when the bytes end, `Some(None)` when there is no such instruction.
fn operand(code: u8, cursor: &mut Cursor) -> Option<Option<Opcode>> {
    let value = match code {
        0x80 | 0x95 => {
            cursor.number(if code == 0x80 { 1 } else { 8 })?;
            return Some(Some(Opcode::Nothing));
        }
        b'h' => return Some(Some(Opcode::Get(cursor.number(1)?))),
        b'j' => return Some(Some(Opcode::Get(cursor.number(4)?))),
        b'q' => return Some(Some(Opcode::Put(cursor.number(1)?))),
        b'r' => return Some(Some(Opcode::Put(cursor.number(4)?))),
        b'c' => Value::Global(Global { module: cursor.line()?, name: cursor.line()? }),
        b'K' => Value::Int(cursor.number(1)?.cast_signed()),
        b'M' => Value::Int(cursor.number(2)?.cast_signed()),
        b'J' => Value::Int(i64::from(cursor.number(4)? as u32 as i32)),
        0x8a => long(cursor, 1)?,
        0x8b => long(cursor, 4)?,
        b'G' => Value::Float(f64::from_bits(cursor.number(8)?.swap_bytes())),
        0x8c => text(cursor, 1)?,
        b'X' => text(cursor, 4)?,
        0x8d => text(cursor, 8)?,
        b'C' | b'U' => bytes(cursor, 1)?,
        b'B' | b'T' => bytes(cursor, 4)?,
        0x8e | 0x96 => bytes(cursor, 8)?,
        _ => return Some(None),
    };
    Some(Some(Opcode::Push(value)))
}

/// A text after its length, a number of `width` bytes.
fn text(cursor: &mut Cursor, width: u64) -> Option<Value> {
    let length = cursor.number(width)?;
    cursor.text(length).map(Value::Text)
}

/// Bytes after their length.
fn bytes(cursor: &mut Cursor, width: u64) -> Option<Value> {
    let length = cursor.number(width)?;
    cursor.span(length).map(Value::Bytes)
}

/// An integer after its length in bytes.
fn long(cursor: &mut Cursor, width: u64) -> Option<Value> {
    let length = cursor.number(width)?;
    let bytes = cursor.bytes(length)?;
    let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut wide = [if negative { 0xff } else { 0 }; 8];
    Some(match wide.get_mut(..bytes.len()) {
        Some(low) => {
            low.copy_from_slice(&bytes);
            Value::Int(i64::from_le_bytes(wide))
        }
        None => Value::Long,
    })
}
