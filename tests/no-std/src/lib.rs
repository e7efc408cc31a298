//! A crate without std that uses a model: what leaks std into the runtime or into generated code breaks its build for
//! bare metal. It is a package of its own because the features of a workspace's packages are united when they are built
//! together.
#![no_std]
#![forbid(unsafe_code)]

#[percio::model("../fixtures/tiny-mlm", outside = true)]
/// Fills in masked ids.
pub struct MaskedLm;

/// The most likely id for each position of `input_ids`, of which those that `attention_mask` leaves out are not read.
pub fn fill(net: &mut MaskedLm, input_ids: &[u32], attention_mask: &[bool]) -> [usize; MaskedLm::TOKENS] {
    let logits = net.infer(&MaskedLmInput { input_ids, attention_mask });
    logits.map(|scores| percio::top::<1>(&scores).first().map_or(0, |best| best.0))
}

/// Bytes of RAM and flash of any model.
pub const fn memory<M: percio::Model>() -> [usize; 2] {
    [M::RAM_BYTES, M::FLASH_BYTES]
}
