//! An instruction as QEMU's log shows it, for example `0x0000040a:  eef0 0a40  vmov.f32 s1, s0`.

/// A disassembled instruction of Armv7-M or Armv8-M.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instruction {
    pub(super) address: u32,
    /// Bytes.
    pub(super) size: u32,
    /// In lower case, with its condition and its type: `vmovgt.f32`.
    pub(super) mnemonic: String,
    operands: String,
}

/// A set of registers: r0 … pc are bits 0 … 15, s0 … s31 the next 32.
pub(super) type Registers = u64;

const FIRST_SINGLE: u32 = 16;
/// Names of r9 … pc.
const NAMED: [(&str, u32); 7] = [("sb", 9), ("sl", 10), ("fp", 11), ("ip", 12), ("sp", 13), ("lr", 14), ("pc", 15)];
const CONDITIONS: [&str; 17] =
    ["eq", "ne", "hs", "cs", "lo", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "al"];

impl Instruction {
    /// The instruction of a line; `None` when the line shows none.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let (address, rest) = line.strip_prefix("0x")?.split_once(':')?;
        let address = u32::from_str_radix(address, 16).ok()?;
        let rest = rest.trim_start();
        let is_half = |word: &&str| word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        // The code's halves are set apart by one blank, the mnemonic by two.
        let (halves, text) = rest.split_once("  ")?;
        let halves = halves.split(' ').filter(is_half).count() as u32;
        let text = text.trim();
        let (mnemonic, operands) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        Some(Self { address, size: 2 * halves, mnemonic: mnemonic.to_owned(), operands: operands.trim().to_owned() })
    }

    /// The names that a table may have for it, most exact first: as it is, without its condition, without its `s` for
    /// setting flags, without both.
    pub(super) fn names(&self) -> Vec<&str> {
        let base = match self.mnemonic.split_once('.') {
            // Double precision takes other times.
            Some((_, kind)) if kind.contains("f64") => return vec![&self.mnemonic],
            Some((base, _)) => base,
            None => &self.mnemonic,
        };
        let unconditional = CONDITIONS.iter().find_map(|condition| base.strip_suffix(condition));
        let mut names = vec![base];
        names.extend(unconditional);
        names.extend([Some(base), unconditional].into_iter().flatten().filter_map(|name| name.strip_suffix('s')));
        names
    }

    /// The registers of each operand: a list in braces and an address in brackets are one operand.
    pub(super) fn operands(&self) -> Vec<Registers> {
        let mut operands = vec![String::new()];
        let mut depth = 0;
        for c in self.operands.chars() {
            match c {
                '{' | '[' => depth += 1,
                '}' | ']' => depth -= 1,
                ',' if depth == 0 => operands.push(String::new()),
                _ => {}
            }
            operands.last_mut().expect("never empty").push(c);
        }
        operands.iter().map(|operand| registers(operand)).collect()
    }
}

/// All registers that `text` names; `s0-s3` and `{d0, d1}` name several.
fn registers(text: &str) -> Registers {
    let mut all = 0;
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(|word| !word.is_empty());
    words.by_ref().for_each(|word| {
        all |= match word.split_once('-') {
            Some((first, last)) => match (register(first), register(last)) {
                (Some(first), Some(last)) => (u64::MAX >> (63 - last.ilog2())) & (u64::MAX << first.trailing_zeros()),
                _ => 0,
            },
            None => register(word).unwrap_or(0),
        }
    });
    all
}

fn register(name: &str) -> Option<Registers> {
    if let Some((_, number)) = NAMED.iter().find(|(alias, _)| *alias == name) {
        return Some(1 << number);
    }
    let (bank, number) = name.split_at_checked(1)?;
    let number: u32 = number.parse().ok()?;
    match bank {
        "r" if number < 16 => Some(1 << number),
        "s" if number < 32 => Some(1 << (FIRST_SINGLE + number)),
        "d" if number < 16 => Some(0b11 << (FIRST_SINGLE + 2 * number)),
        _ => None,
    }
}

/// How many of `registers` are r0 … pc.
pub(super) fn core_registers(registers: Registers) -> u32 {
    (registers & ((1 << FIRST_SINGLE) - 1)).count_ones()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instruction(text: &str) -> Instruction {
        Instruction::parse(&format!("0x0000040a:  eef0 0a40  {text}")).expect("well formed")
    }

    #[test]
    fn lines_are_read() {
        let wide = instruction("vmov.f32 s1, s0");
        assert_eq!((wide.address, wide.size, wide.mnemonic.as_str()), (0x40A, 4, "vmov.f32"));
        let narrow = Instruction::parse("0x00009d7c:  bd80       pop      {r7, pc}").expect("well formed");
        assert_eq!((narrow.address, narrow.size, narrow.mnemonic.as_str()), (0x9D7C, 2, "pop"));
        for other in ["IN: main", "----------------", "Trace 0: 0x7f [0/1/2/3] main", "", "0x00000400:"] {
            assert_eq!(Instruction::parse(other), None, "{other}");
        }
    }

    #[test]
    fn names_lose_conditions_and_flags() {
        assert_eq!(instruction("vmovgt.f32 s1, s0").names(), ["vmovgt", "vmov"]);
        assert_eq!(instruction("movs r0, #1").names(), ["movs", "mo", "mov"]);
        assert_eq!(instruction("bls #0x10").names(), ["bls", "b", "bl"]);
        assert_eq!(instruction("add.w r0, r1, r2").names(), ["add"]);
        assert_eq!(instruction("vmul.f64 d0, d1, d2").names(), ["vmul.f64"]);
    }

    #[test]
    fn operands_are_sets_of_registers() {
        assert_eq!(instruction("vmov r0, s1").operands(), [1, 1 << 17]);
        assert_eq!(instruction("ldr r0, [r1, r2, lsl #2]").operands(), [1, 0b110]);
        assert_eq!(instruction("pop {r4, r5, pc}").operands(), [1 << 4 | 1 << 5 | 1 << 15]);
        assert_eq!(instruction("vldmia r0!, {s0, s1}").operands(), [1, 0b11 << 16]);
        assert_eq!(instruction("vldmia r0, {s0-s3}").operands(), [1, 0b1111 << 16]);
        assert_eq!(instruction("vldr d1, [sp, #8]").operands(), [0b11 << 18, 1 << 13]);
        assert_eq!(core_registers(0b11 << 16 | 0b101), 2);
    }
}
