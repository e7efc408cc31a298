//! What the firmware's programs share: the model, recorded windows, and the ways they measure.
#![no_std]

pub mod counter;
pub mod memory;
pub mod stack;
pub mod windows;

/// Tells seven shoulder exercises apart from four seconds of wrist motion.
#[percio::model("../models/motion", outside = true)]
pub struct Motion;
