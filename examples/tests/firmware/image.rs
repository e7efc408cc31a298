//! What an ELF file for the device holds.

use object::elf::SHF_ALLOC;
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind};
use std::fs;
use std::path::Path;

/// The parts that matter.
pub(crate) struct Image {
    /// Names of functions and variables.
    pub(crate) symbols: Vec<String>,
    /// Names and bytes of the sections that take memory on the device.
    pub(crate) sections: Vec<(String, u64)>,
    /// Bytes of code and constants, initial values of variables included.
    pub(crate) flash: u64,
}

impl Image {
    pub(crate) fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file = object::File::parse(bytes.as_slice()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let on_device = |section: &object::Section<'_, '_>| match section.flags() {
            SectionFlags::Elf { sh_flags, .. } => section.size() > 0 && sh_flags.0 & SHF_ALLOC.0 != 0,
            _ => false,
        };
        let sections: Vec<_> = file.sections().filter(on_device).collect();
        let stored = sections.iter().filter(|section| section.kind() != SectionKind::UninitializedData);
        // Arm's mapping symbols ($a, $d, $t) name no function.
        let names = file.symbols().filter_map(|symbol| symbol.name().ok().filter(|name| !name.starts_with('$')));
        Self {
            symbols: names.map(str::to_owned).collect(),
            flash: stored.map(|section| section.size()).sum(),
            sections: sections
                .iter()
                .map(|section| (section.name().unwrap_or("?").to_owned(), section.size()))
                .collect(),
        }
    }
}
