//! How far computed numbers may be apart, and why. All bounds are for the largest |difference| over the largest |number|.
//!
//! Generated code and the interpreter have no bound here: on one instruction set they agree bit for bit.

/// A model against what its source computed.
///
/// Both sides are single precision and round every sum of k products by up to √k · 2⁻²⁴, each in its own order: the
/// fixtures' sums have up to 10³ products, so a layer is off by 2e-6 of its largest number. A layer norm divides by a
/// deviation that is smaller than that number, and the errors of about ten layers in a row add up as independent ones do.
pub(crate) const REFERENCE: f64 = 2e-5;

/// A program with folded weights against the same one as its checkpoint says.
///
/// A pass rounds every weight that it touches once, by 2⁻²⁵ on average, and changes the order of sums. The random models
/// are three to five layers deep with sums of at most 100 products: both effects are about 1e-6 before the norms, which
/// may raise them fivefold.
pub(crate) const PASSES: f64 = 1e-5;

/// A program that takes its tokens a few at a time against the same one that takes all at once.
///
/// Each tile rescales what was gathered before, one rounding of it each, and its weights are relative to another score:
/// up to thirty roundings of 2⁻²⁵ on average add up as independent ones do, and the norms after may raise them fivefold.
pub(crate) const TILES: f64 = 5e-6;

/// A program that computes positions against the same one with a table of them.
///
/// The table has the roundings of its source: a coordinate and an angle in single precision, 4e-7 radians of the lowest
/// frequency and f times as much of another. The random models' highest is half of their tokens, ten at most: 4e-6 of a
/// feature, which the layers after it may raise fivefold.
pub(crate) const LINE: f64 = 2e-5;

/// Tokens that arrive a few at a time, and queries that are asked one at a time, against the same program on a whole input.
///
/// As [`TILES`], with up to three hundred roundings.
pub(crate) const STREAM: f64 = 1e-5;
