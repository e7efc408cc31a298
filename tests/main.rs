//! The whole path, from model directories to numbers, and from mistakes to messages.

mod build_script;
mod configurations;
mod folds;
mod generated;
mod goldens;
mod macro_errors;
mod native;
mod native_schema;
mod passes;
mod programs;
mod readme;
mod rebuild;
mod sizes;
mod stream;
mod support;
mod tiles;
