//! The code of this test holds the instructions that the instruction sets claim: it decodes its own executable, as far as
//! those few encodings go. Only optimised code is made of them: `./ci.sh isa` builds it.
//!
//! Patterns leave out 12 to 20 bits for registers, so that chance finds one or none of them in megabytes of other bytes.

/// As often as a kernel's loops contain an instruction at the very least.
const LEAST: usize = 32;

/// The bytes of the running executable.
fn this() -> Vec<u8> {
    // WASI has no `current_exe`; its first argument is the module.
    let path = std::env::current_exe().ok().or_else(|| std::env::args().next().map(Into::into));
    let path = path.expect("the path of this test binary");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Fails unless the executable holds what `matches` the encoding of `instruction`; `step` is the alignment of instructions.
fn assert_holds(instruction: &str, step: usize, matches: impl Fn(&[u8; 6]) -> bool) {
    let bytes = this();
    let found = bytes.windows(6).step_by(step).filter(|bytes| bytes.first_chunk().is_some_and(&matches)).count();
    assert!(found >= LEAST, "{instruction} is {found} times in {} bytes, expected at least {LEAST}", bytes.len());
}

/// VFMADD132PS, 213 and 231 have the opcodes 98, A8 and B8; a register operand or a memory operand follows.
#[cfg(target_arch = "x86_64")]
const FMADD: [u8; 3] = [0x98, 0xA8, 0xB8];

#[test]
#[cfg(target_arch = "x86_64")]
fn avx2_multiplies_and_adds_in_256_bits() {
    // VEX: C4, RXB and map 0F38, then W0 vvvv L1 pp 66.
    assert_holds("vfmadd…ps ymm", 1, |&[vex, map, vector, opcode, ..]| {
        vex == 0xC4 && map & 0x1F == 2 && vector & 0x87 == 0b101 && FMADD.contains(&opcode)
    });
}

#[test]
#[cfg(target_arch = "x86_64")]
fn avx512_multiplies_and_adds_in_512_bits() {
    // EVEX: 62, RXBR and map 0F38, then W0 vvvv 1 pp 66, then z L'L 10 b V' aaa.
    assert_holds("vfmadd…ps zmm", 1, |&[evex, map, vector, length, opcode, _]| {
        evex == 0x62 && map & 0xF == 2 && vector & 0x87 == 0b101 && length >> 5 & 3 == 2 && FMADD.contains(&opcode)
    });
}

#[test]
#[cfg(target_arch = "aarch64")]
fn neon_multiplies_and_adds_four_numbers() {
    assert_holds("fmla v.4s", 4, |&[a, b, c, d, ..]| {
        let instruction = u32::from_le_bytes([a, b, c, d]);
        // All lanes times all lanes, or times one.
        instruction & 0xFFE0_FC00 == 0x4E20_CC00 || instruction & 0xFFC0_F400 == 0x4F80_1000
    });
}

#[test]
#[cfg(target_arch = "wasm32")]
fn simd128_multiplies_and_adds_four_numbers() {
    assert_holds("f32x4.mul", 1, |&[prefix, low, high, ..]| [prefix, low, high] == [0xFD, 0xE6, 0x01]);
    assert_holds("f32x4.add", 1, |&[prefix, low, high, ..]| [prefix, low, high] == [0xFD, 0xE4, 0x01]);
}
