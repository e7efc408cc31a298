//! Every layer on every instruction set of this machine against its textbook twin.

mod activation;
mod attention;
mod dispatch;
mod gate;
mod gather;
mod grid;
mod gru;
mod inverted;
mod linear;
mod mix;
mod moves;
mod norm;
#[cfg(not(debug_assertions))]
mod opcodes;
mod rotate;
mod shares;
mod sizes;
mod support;
mod tolerance;
mod turn;
mod waves;
