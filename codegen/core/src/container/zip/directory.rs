//! The directory at the end of an archive (PKWARE's APPNOTE, 4.3; sizes and places of 64 bits included).

use crate::container::place::Place;
use crate::container::source::{Source, Span};
use crate::{Problems, Subject};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The record that ends an archive: it says where the directory is.
const END: (&[u8], usize) = (b"PK\x05\x06", 22);
/// The longest comment after it.
const COMMENT: u64 = u16::MAX as u64;
/// Before the end record, in an archive with places of 64 bits: it says where the larger end record is.
const LOCATOR: (&[u8], usize) = (b"PK\x06\x07", 20);
/// The end record with places of 64 bits.
const END_64: (&[u8], usize) = (b"PK\x06\x06", 56);
/// An entry of the directory, without name and extra fields.
const ENTRY: (&[u8], usize) = (b"PK\x01\x02", 46);
/// What stands before the bytes of a file.
const LOCAL: (&[u8], usize) = (b"PK\x03\x04", 30);
/// The extra field with sizes of 64 bits.
const EXTRA_64: u64 = 1;
/// Deflate makes at most 1032 bytes from one.
const DEFLATE_RATIO: u64 = 1032;

/// The files of the archive by name.
pub(super) fn read(source: &Arc<Source>) -> Result<BTreeMap<String, Place>, Problems> {
    let whole = Span::whole(source);
    let shown = source.path().display();
    let Some((start, len)) = find(&whole)? else {
        return Err(Problems::model(format!(
            "`{shown}` starts as a zip archive, but no directory of its {} bytes is at its end: it is truncated; write or \
             copy it again",
            source.len()
        )));
    };
    let Some(directory) = whole.part(start, len) else {
        return Err(Problems::model(format!(
            "the end of `{shown}` puts its directory of {len} bytes at byte {start}, and the file has {} bytes: it is \
             damaged; write or copy it again",
            source.len()
        )));
    };
    entries(&whole, &directory.bytes()?)
}

/// Place and length of the directory.
fn find(whole: &Span) -> Result<Option<(u64, u64)>, Problems> {
    let tail_len = whole.len().min(END.1 as u64 + COMMENT);
    let Some(tail) = whole.part(whole.len() - tail_len, tail_len) else { return Ok(None) };
    let tail = tail.bytes()?;
    let at = (0..tail.len()).rev().find(|&at| Fields::of(&tail[at..], END).is_some());
    let Some((at, end)) = at.and_then(|at| Some((at, Fields::of(&tail[at..], END)?))) else { return Ok(None) };
    let place = Some((end.number(16, 4), end.number(12, 4)));
    let Some(locator) = at.checked_sub(LOCATOR.1).and_then(|at| Fields::of(&tail[at..], LOCATOR)) else {
        return Ok(place);
    };
    let Some(end) = whole.part(locator.number(8, 8), END_64.1 as u64) else { return Ok(place) };
    let end = end.bytes()?;
    Ok(Fields::of(&end, END_64).map_or(place, |end| Some((end.number(48, 8), end.number(40, 8)))))
}

fn entries(whole: &Span, mut directory: &[u8]) -> Result<BTreeMap<String, Place>, Problems> {
    let shown = whole.source().path().display();
    let mut problems = Problems::new();
    let mut entries = BTreeMap::new();
    while !directory.is_empty() {
        let Some((entry, rest)) = Entry::read(directory) else {
            problems.add(
                Subject::Model,
                format!(
                    "the directory at the end of `{shown}` is damaged after {} files: copy it again",
                    entries.len()
                ),
            );
            break;
        };
        directory = rest;
        let place = match entry.place(whole)? {
            Ok(place) if !entries.contains_key(&entry.name) => {
                entries.insert(entry.name, place);
                continue;
            }
            Ok(_) => "is there twice: write the file again".to_owned(),
            Err(wrong) => wrong,
        };
        problems.add(Subject::Model, format!("`{}` in the archive `{shown}` {place}", entry.name));
    }
    problems.finish(entries)
}

/// A file by the directory.
struct Entry {
    name: String,
    encrypted: bool,
    method: u64,
    packed: u64,
    unpacked: u64,
    local: u64,
}

impl Entry {
    /// The first entry of `directory`, and what follows it.
    fn read(directory: &[u8]) -> Option<(Self, &[u8])> {
        let fields = Fields::of(directory, ENTRY)?;
        let rest = &directory[ENTRY.1..];
        let length = |at| usize::try_from(fields.number(at, 2)).ok();
        let (name, rest) = rest.split_at_checked(length(28)?)?;
        let (extra, rest) = rest.split_at_checked(length(30)?)?;
        let (_, rest) = rest.split_at_checked(length(32)?)?;
        let mut entry = Self {
            name: String::from_utf8_lossy(name).into_owned(),
            encrypted: fields.number(8, 2) & 1 == 1,
            method: fields.number(10, 2),
            packed: fields.number(20, 4),
            unpacked: fields.number(24, 4),
            local: fields.number(42, 4),
        };
        entry.widen(extra);
        Some((entry, rest))
    }

    /// Takes the numbers that do not fit 32 bits from the extra fields.
    fn widen(&mut self, mut extra: &[u8]) {
        while let Some((head, rest)) = extra.split_at_checked(4) {
            let (kind, length) = (number(&head[..2]), number(&head[2..]) as usize);
            let Some((mut field, rest)) = rest.split_at_checked(length) else { return };
            extra = rest;
            let wide = [&mut self.unpacked, &mut self.packed, &mut self.local];
            for value in wide.into_iter().filter(|value| kind == EXTRA_64 && **value == u64::from(u32::MAX)) {
                let Some((bytes, rest)) = field.split_at_checked(8) else { break };
                (*value, field) = (number(bytes), rest);
            }
        }
    }

    /// Where the bytes of the file are, or what is wrong with it.
    fn place(&self, whole: &Span) -> Result<Result<Place, String>, Problems> {
        let Self { packed, unpacked, .. } = *self;
        if self.encrypted {
            return Ok(Err("is encrypted: write the file without a password".to_owned()));
        }
        let Some(packed_bytes) = self.bytes(whole)? else {
            return Ok(Err(format!("should have {packed} bytes, which are not there: write or copy it again")));
        };
        Ok(match self.method {
            0 if packed == unpacked => Ok(Place::Plain(packed_bytes)),
            8 if unpacked / DEFLATE_RATIO <= packed => {
                Ok(Place::Deflated { packed: packed_bytes, start: 0, len: unpacked })
            }
            0 | 8 => {
                Err(format!("claims {unpacked} bytes from {packed} packed ones, which cannot be: write the file again"))
            }
            other => {
                Err(format!("is packed by method {other}, expected 0 (stored) or 8 (deflated): write it with these"))
            }
        })
    }

    /// The packed bytes, which follow the local header.
    fn bytes(&self, whole: &Span) -> Result<Option<Span>, Problems> {
        let Some(local) = whole.part(self.local, LOCAL.1 as u64) else { return Ok(None) };
        let bytes = local.bytes()?;
        let Some(fields) = Fields::of(&bytes, LOCAL) else { return Ok(None) };
        let start = self.local + LOCAL.1 as u64 + fields.number(26, 2) + fields.number(28, 2);
        Ok(whole.part(start, self.packed))
    }
}

/// A record: a signature, then numbers at fixed places.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// The record at the start of `bytes`, if it is of this kind.
    fn of(bytes: &'a [u8], (signature, len): (&[u8], usize)) -> Option<Self> {
        bytes.get(..len).filter(|record| record.starts_with(signature)).map(Self)
    }

    fn number(&self, at: usize, len: usize) -> u64 {
        number(&self.0[at..at + len])
    }
}

/// A little-endian number of at most 8 bytes.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
