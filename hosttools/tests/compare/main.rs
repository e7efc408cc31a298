//! `percio compare`, and what is made of it.

mod faults;
mod gates;
mod mistakes;
mod shards;
mod support;
mod trace;
