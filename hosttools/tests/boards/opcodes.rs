//! The programs hold the instructions that the instruction sets of Cortex-M claim: their code is searched for those few
//! encodings.

use crate::build::build;
use object::{Object, ObjectSection, SectionKind};
use percio_hosttools::board::Board;
use std::fs;

/// As often as the kernels' loops contain an instruction at the very least.
const LEAST: usize = 48;

/// An instruction of two halfwords: its name, and for each halfword the bits that are fixed and what they are.
struct Encoding(&'static str, [(u16, u16); 2]);

const VMUL: Encoding = Encoding("vmul.f32 s", [(0xFFB0, 0xEE20), (0x0F50, 0x0A00)]);
const VADD: Encoding = Encoding("vadd.f32 s", [(0xFFB0, 0xEE30), (0x0F50, 0x0A00)]);
const VFMA: Encoding = Encoding("vfma.f32 s", [(0xFFB0, 0xEEA0), (0x0F50, 0x0A00)]);
/// A vector times a number in a core register.
const VFMA_MVE: Encoding = Encoding("vfma.f32 q, q, r", [(0xFFF1, 0xEE31), (0x1F70, 0x0E40)]);

impl Encoding {
    /// How often it is in the code of an ELF file.
    fn count(&self, elf: &[u8]) -> usize {
        let elf = object::File::parse(elf).expect("a well-formed ELF file");
        let code = elf.sections().filter(|section| section.kind() == SectionKind::Text);
        let Self(_, fixed) = self;
        let count = |code: &[u8]| {
            let halves: Vec<u16> = code.as_chunks().0.iter().map(|half| u16::from_le_bytes(*half)).collect();
            let is = |pair: &&[u16]| pair.iter().zip(fixed).all(|(half, (mask, bits))| half & mask == *bits);
            halves.windows(2).filter(is).count()
        };
        code.map(|section| count(section.data().expect("the section is there"))).sum()
    }
}

/// Checks that the kernels of a board's processor are made of `instructions`.
fn check(board: &Board, instructions: &[Encoding]) {
    let elf = fs::read(build(board, "twins")).expect("the program is there");
    for instruction in instructions {
        let (found, name) = (instruction.count(&elf), instruction.0);
        assert!(found >= LEAST, "{}: {name} is there {found} times, expected at least {LEAST}", board.processor);
    }
}

#[test]
fn cortex_m4_multiplies_then_adds() {
    check(&Board::M4, &[VMUL, VADD]);
}

#[test]
fn cortex_m7_multiplies_and_adds_at_once() {
    check(&Board::M7, &[VFMA]);
}

#[test]
fn cortex_m33_multiplies_then_adds() {
    check(&Board::M33, &[VMUL, VADD]);
}

#[test]
fn cortex_m55_multiplies_and_adds_vectors() {
    check(&Board::M55, &[VFMA_MVE]);
}
