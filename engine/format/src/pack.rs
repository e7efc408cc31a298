//! Packing of weight matrices into panels.

use crate::PANEL;

/// Numbers in the packed form of an `[outputs, inputs]` matrix.
pub const fn packed_len(outputs: usize, inputs: usize) -> usize {
    outputs.div_ceil(PANEL) * PANEL * inputs
}

/// Packs `weight` (`[outputs, inputs]`, row-major) into `packed` ([`packed_len`] numbers).
///
/// Numbers that do not fit either slice are left out: the lengths are the caller's contract.
pub fn pack<T: Copy + Default>(weight: &[T], outputs: usize, inputs: usize, packed: &mut [T]) {
    let rows =
        |panel: usize| weight.chunks_exact(inputs.max(1)).skip(panel * PANEL).take(PANEL.min(outputs - panel * PANEL));
    for (index, panel) in packed.chunks_exact_mut((PANEL * inputs).max(1)).enumerate() {
        panel.fill(T::default());
        for (lane, row) in rows(index).enumerate() {
            for (group, &number) in panel.chunks_exact_mut(PANEL).zip(row) {
                group[lane] = number;
            }
        }
    }
}

/// The weight from input `input` to output `output`, read back from its packed form; `None` outside it.
pub fn unpacked<T: Copy>(packed: &[T], inputs: usize, output: usize, input: usize) -> Option<T> {
    let panel = output / PANEL;
    packed.get((panel * inputs + input) * PANEL + output % PANEL).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weight_is_found_again() {
        for (outputs, inputs) in [(1, 1), (7, 3), (8, 5), (9, 4), (17, 2)] {
            let mut weight = [0u32; 64];
            weight.iter_mut().zip(1..).for_each(|(number, value)| *number = value);
            let mut packed = [u32::MAX; 256];
            let packed = &mut packed[..packed_len(outputs, inputs)];
            pack(&weight[..outputs * inputs], outputs, inputs, packed);
            for output in 0..outputs {
                for input in 0..inputs {
                    assert_eq!(unpacked(packed, inputs, output, input), Some(weight[output * inputs + input]));
                }
            }
            assert_eq!(packed.iter().filter(|&&number| number == 0).count(), packed.len() - outputs * inputs);
        }
    }
}
