//! `percio compare`, and what is made of it.

mod faults;
mod gates;
mod shards;
mod support;
mod trace;
