//! Files of `torch.save`: a pickle whose tensors are views into storages, which lie beside it.

mod legacy;
mod settings;
mod state_dict;
mod tensor;
mod zip;

pub(super) use legacy::open as open_legacy;
pub(super) use zip::open as open_zip;
