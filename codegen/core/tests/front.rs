//! The front end: every fixture loads as what it is, and every wrong directory is explained.

#[path = "front/container.rs"]
mod container;
#[path = "front/deepmind.rs"]
mod deepmind;
#[path = "front/directory.rs"]
mod directory;
#[path = "front/fixtures.rs"]
mod fixtures;
#[path = "front/google_ar.rs"]
mod google_ar;
#[path = "front/hf.rs"]
mod hf;
#[path = "front/hf_ends.rs"]
mod hf_ends;
#[path = "front/krasserm.rs"]
mod krasserm;
#[path = "front/lucidrains.rs"]
mod lucidrains;
#[path = "front/lucidrains_ar.rs"]
mod lucidrains_ar;
#[path = "front/native.rs"]
mod native;
#[path = "front/outline.rs"]
mod outline;
#[path = "front/resampler.rs"]
mod resampler;
#[path = "front/support.rs"]
mod support;
#[path = "front/tigges.rs"]
mod tigges;
#[path = "front/wrong.rs"]
mod wrong;
