//! Textbook twins of every layer: plain loops in double precision, rounded once at the end.
//!
//! They take the shapes and operands of [`crate::layers`], except that weights are plain matrices, not packed ones, and
//! trust them: a slice that is too short panics. Tests compare each instruction set with these.

mod activation;
mod attention;
mod embed;
mod gate;
mod grid;
mod gru;
mod inverted;
mod linear;
mod mix;
mod norm;
mod position;
mod rotate;
mod rows;
mod turn;
mod waves;
mod window;

pub use activation::activate;
pub use attention::attention;
pub use embed::embed;
pub use gate::gate;
pub use grid::{columns, on_grid};
pub use gru::gru;
pub use inverted::inverted_attention;
pub use linear::linear;
pub use mix::mix;
pub use norm::normalize;
pub use position::{fourier, fourier_at, fourier_of};
pub use rotate::rotate;
pub use rows::{add_rows, affine_rows, copy_rows, hide_rows, mean_rows, transpose};
pub use turn::turn;
pub use waves::waves;
pub use window::{max_pool, unfold};
