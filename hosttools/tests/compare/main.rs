//! The command on fixtures, on copies of them with a change, and on files that are no models.

mod faults;
mod gates;
mod inputs;
mod mistakes;
mod pages;
mod references;
mod schema;
mod shards;
mod support;
mod trace;
