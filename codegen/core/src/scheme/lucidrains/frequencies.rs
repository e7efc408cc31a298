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
