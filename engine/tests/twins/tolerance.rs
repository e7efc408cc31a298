//! How far a kernel may be from its twin, and why. All bounds are for numbers in −1 ..= 1 unless said otherwise.

/// Half of the distance from 1 to the next number: the most that one rounding changes, relative to its result.
const ROUNDING: f32 = f32::EPSILON / 2.0;

/// `|actual − expected| ≤ absolute + relative · |expected|`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) absolute: f32,
    pub(crate) relative: f32,
}

/// Numbers that are only moved, or computed with the same single rounding.
pub(crate) const EXACT: Bound = Bound { absolute: 0.0, relative: 0.0 };

/// x · gain + offset: two roundings of numbers up to 2 where the ISA has no fused operation.
pub(crate) const AFFINE: Bound = Bound { absolute: 4.0 * ROUNDING, relative: 0.0 };

/// A sum of `terms` products: each addition rounds a partial sum, and sums of random terms grow as √terms.
pub(crate) fn sum(terms: usize) -> Bound {
    let terms = terms as f32;
    Bound { absolute: ROUNDING * (terms + 2.0) * libm::sqrtf(terms).max(1.0), relative: ROUNDING }
}

/// The mean of `rows` numbers: their sum, then a factor that is rounded and one more rounding.
pub(crate) fn mean(rows: usize) -> Bound {
    Bound { absolute: sum(rows).absolute / rows as f32 + 2.0 * ROUNDING, relative: 2.0 * ROUNDING }
}

/// A layer norm: the mean of `width` numbers, their variance, a root and a quotient. The result is up to √width and is
/// as wrong as the mean is, relative to a deviation that the tests keep above 1/8.
pub(crate) fn norm(width: usize) -> Bound {
    Bound { absolute: 8.0 * sum(width).absolute / width as f32 + 8.0 * ROUNDING, relative: 16.0 * ROUNDING }
}

/// The polynomial of eˣ (1.05e-7), its roundings and the remainder of x / ln 2: 1.93e-7 measured; the twin rounds too.
pub(crate) const EXP: Bound = Bound { absolute: 0.0, relative: 1.93e-7 + ROUNDING };

/// Both parts of erf: 1.08e-7 measured; the twin rounds too.
pub(crate) const ERF: Bound = Bound { absolute: 0.0, relative: 1.08e-7 + ROUNDING };

/// Sine and cosine for |x| ≤ 100,000: 1.75e-7 measured; the twin rounds too.
pub(crate) const SINE: Bound = Bound { absolute: 1.75e-7 + ROUNDING, relative: 0.0 };

/// A rotation of two numbers in ±1: a sine and a cosine, each times one of them, and three roundings of up to √2.
pub(crate) const ROTATION: Bound = Bound { absolute: 2.0 * SINE.absolute + 4.5 * ROUNDING, relative: 0.0 };

/// Sine and cosine of a phase of up to half a turn: three roundings of an angle of up to π, then [`SINE`]. A coordinate is as
/// wrong as a product and a sum.
pub(crate) const WAVE: Bound =
    Bound { absolute: SINE.absolute + 3.0 * core::f32::consts::PI * ROUNDING, relative: 2.0 * ROUNDING };

/// [`ROTATION`] by a phase: a sine and a cosine as wrong as [`WAVE`].
pub(crate) const TURN: Bound = Bound { absolute: 2.0 * WAVE.absolute + 4.5 * ROUNDING, relative: 0.0 };

/// The activations for |x| ≤ 20. 1 / (1 + e⁻ˣ) is relatively as wrong as eˣ and two roundings; where GELU and tanh nearly
/// cancel, 1.1e-7 of erf or 1.9e-7 of 2σ − 1 remain, times |x| / 2, which is largest near −4.
pub(crate) const ACTIVATION: Bound = Bound { absolute: 5.2e-7, relative: 4e-7 };

/// A gated recurrent cell whose gates read numbers in ±`gain`: a sigmoid is as wrong as [`ACTIVATION`] and a quarter of its
/// argument, a sum of two; reset is multiplied by up to `gain` before tanh, update by the distance of two numbers in ±1.
pub(crate) fn gru(gain: f32) -> Bound {
    let sigmoid = ACTIVATION.relative + 0.5 * gain * ROUNDING;
    let new = 2.0 * ACTIVATION.relative + gain * sigmoid + 4.0 * gain * ROUNDING;
    Bound { absolute: new + 2.0 * sigmoid + 4.0 * ROUNDING, relative: 0.0 }
}

/// Attention over `keys` keys of `qk` numbers: an error of a score is a relative error of a weight, and the weighted
/// mean of values in −1 ..= 1 passes twice that on, next to its own roundings. The rescaling of an online softmax adds
/// one rounding a tile.
pub(crate) fn attention(qk: usize, keys: usize) -> Bound {
    let score = sum(qk).absolute;
    Bound { absolute: 2.0 * score + 2.0 * EXP.relative + ROUNDING * libm::sqrtf(keys as f32) * 2.0, relative: 0.0 }
}

/// Inverted attention: an error of a score is a relative error of a weight and, through the sum over `queries` queries that it is
/// divided by, of every weight of a key; the weighted mean passes twice that on, next to its own roundings.
pub(crate) fn inverted(qk: usize, queries: usize, keys: usize) -> Bound {
    let shares = 2.0 * sum(qk).absolute + 2.0 * EXP.relative + ROUNDING * (libm::sqrtf(queries as f32) + 3.0);
    Bound { absolute: 2.0 * shares + ROUNDING * libm::sqrtf(keys as f32) * 2.0, relative: 0.0 }
}

/// A mixture of `states` states: two weights are as wrong as eˣ, and each state rescales what was mixed before.
pub(crate) fn mix(states: usize) -> Bound {
    Bound { absolute: 4.0 * EXP.relative + 3.0 * ROUNDING * states as f32, relative: 2.0 * ROUNDING }
}
