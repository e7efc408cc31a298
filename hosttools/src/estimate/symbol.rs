//! Where an ELF file has a function.

use anyhow::{Context, Result, bail};
use object::{Object, ObjectSymbol};
use std::fs;
use std::path::Path;

/// The address of the first instruction of `function`.
///
/// # Errors
/// When the file cannot be read, is no ELF file, or has no such symbol.
pub fn address(elf: &Path, function: &str) -> Result<u32> {
    let place = || format!("`{}`", elf.display());
    let bytes = fs::read(elf).with_context(|| format!("cannot read {}", place()))?;
    let file = object::File::parse(bytes.as_slice()).with_context(|| format!("{} is no ELF file", place()))?;
    let Some(symbol) = file.symbols().find(|symbol| symbol.name() == Ok(function)) else {
        bail!("{} has no symbol `{function}`: name a function that is not inlined, as `nm` shows it", place());
    };
    // Bit 0 says that the code is Thumb.
    Ok(u32::try_from(symbol.address()).context("an address beyond 4 GB")? & !1)
}
