//! The steps of a model: one function each, called by generated code and by the host's interpreter alike.
//!
//! A step takes the instruction set, its shape and its operands. Buffers shorter than the shape says are a defect of
//! the compiler, whose plans are tested: debug builds stop, release builds leave the result as it was.

mod attention;
mod embed;
mod gate;
mod gather;
mod grid;
mod gru;
mod hide;
mod inverted;
mod linear;
mod mean;
mod mix;
mod norm;
mod position;
mod rotate;
mod rows;
mod shares;
mod transpose;
mod turn;
mod waves;
mod window;

pub use attention::{Attention, attention};
pub use embed::{Embed, embed};
pub use gate::{Gate, gate};
pub use gather::{State, begin, gather, gather_part, merge, settle};
pub use grid::{Columns, OnGrid, columns, gather_grid, gather_grid_part};
pub use gru::{Gru, gru};
pub use hide::{Hide, hide_rows};
pub use inverted::{Inverted, inverted_attention};
pub use linear::{Linear, linear, linear_fixed};
pub use mean::{Mean, mean_rows};
pub use mix::{Mix, mix, mixed};
pub use norm::{Normalize, normalize, normalize_in_place};
pub use position::{Fourier, fourier, fourier_at, fourier_of};
pub use rotate::{Rotate, rotate};
pub use rows::{Rows, add_rows, affine_rows, copy_rows};
pub use shares::{begin_shares, gather_shares, merge_shares, settle_shares};
pub use transpose::{Transpose, transpose};
pub use turn::{Turn, turn};
pub use waves::{Waves, waves};
pub use window::{MaxPool, Unfold, max_pool, unfold};

/// Whether `slice` holds `rows` rows of `width` numbers that start `stride` apart. Stops debug builds when not.
#[inline(always)]
fn fits<T>(slice: &[T], rows: usize, width: usize, stride: usize) -> bool {
    let enough = rows == 0 || slice.len() >= (rows - 1) * stride + width;
    debug_assert!(enough, "{rows} rows of {width}, {stride} apart, do not fit {} numbers", slice.len());
    enough
}
