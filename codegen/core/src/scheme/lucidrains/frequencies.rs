//! Frequencies of the Fourier features, as the versions spaced them.

use super::args::FourierArgs;
use crate::model::{linear_frequencies, logarithmic_frequencies};
use crate::scheme::Version;

/// From here on the lowest frequency is 1, not the base.
const FROM_ONE: Version = Version::new(0, 2, 1);
/// The base is 10, and the exponent the natural logarithm by mistake.
const MIXED_BASES: Version = Version::new(0, 7, 2);
/// The base is 10.
const TEN: Version = Version::new(0, 7, 3);
/// Evenly spaced.
const LINEAR: Version = Version::new(0, 7, 4);

/// The frequencies of an axis, the same for every axis.
pub(super) fn of(version: Option<Version>, args: &FourierArgs) -> Vec<f32> {
    let highest = (args.max_freq / 2.0).ln();
    let (base, exponents) = match version {
        Some(version) if version < FROM_ONE => (args.freq_base, [1.0, highest / args.freq_base.ln()]),
        Some(version) if version < MIXED_BASES => (args.freq_base, [0.0, highest / args.freq_base.ln()]),
        Some(version) if version < TEN => (10.0, [0.0, highest]),
        Some(version) if version < LINEAR => (10.0, [0.0, highest / 10_f64.ln()]),
        _ => return linear_frequencies(args.max_freq, args.num_freq_bands),
    };
    logarithmic_frequencies(base, exponents, args.num_freq_bands)
}

#[cfg(test)]
mod tests {
    use super::{FourierArgs, Version, of};

    /// What `fourier_encode` of each version computes, from PyTorch.
    #[test]
    fn frequencies_are_those_of_the_version() {
        let args = FourierArgs { num_freq_bands: 5, max_freq: 9.0, freq_base: 3.0 };
        let expected = [
            ([0, 2, 0], [0x4040_0000, 0x4054_7ba1, 0x406b_26a9, 0x4082_1e63, 0x4090_0000]),
            ([0, 2, 1], [0x3f80_0000, 0x3fba_6dc9, 0x4007_c3b7, 0x4045_bcd7, 0x4090_0000]),
            ([0, 7, 1], [0x3f80_0000, 0x3fba_6dc9, 0x4007_c3b7, 0x4045_bcd7, 0x4090_0000]),
            ([0, 7, 2], [0x3f80_0000, 0x4018_1fe3, 0x40b4_cbc3, 0x4156_df02, 0x41ff_5e5a]),
            ([0, 7, 3], [0x3f80_0000, 0x3fba_6dc8, 0x4007_c3b6, 0x4045_bcd6, 0x408f_ffff]),
            ([0, 7, 4], [0x3f80_0000, 0x3ff0_0000, 0x4030_0000, 0x4068_0000, 0x4090_0000]),
            ([0, 11, 0], [0x3f80_0000, 0x3ff0_0000, 0x4030_0000, 0x4068_0000, 0x4090_0000]),
        ];
        for ([major, minor, patch], bits) in expected {
            let version = Version::new(major, minor, patch);
            let frequencies = of(Some(version), &args).into_iter().map(f32::to_bits);
            assert!(frequencies.eq(bits), "{version}: {:?}", of(Some(version), &args));
        }
    }
}
