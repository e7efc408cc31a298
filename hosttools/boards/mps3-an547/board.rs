//! QEMU's mps3-an547.

/// Where QEMU puts the sample: 16 MB of DDR4.
pub const LOADED: *const u8 = 0x6100_0000 as *const u8;
/// The register that counts: the low word of the system counter, which counts up at 32 MHz.
pub const COUNTER: *const u32 = 0x5810_1000 as *const u32;
/// So many ticks …
pub const TICKS: u32 = 4;
/// … take so many instructions of 1 ns.
pub const INSTRUCTIONS: usize = 125;
/// Whether the register counts down.
pub const DOWN: bool = false;

/// The system counter's control register: bit 0 lets it count.
const CONTROL: *mut u32 = 0x5810_0000 as *mut u32;
/// The processor's configuration register: bit 19 lets loops run without a branch.
const CONFIGURATION: *mut u32 = 0xE000_ED14 as *mut u32;

/// Starts the counter.
pub fn start() {
    // SAFETY: nothing else uses the counter.
    unsafe { CONTROL.write_volatile(1) };
    // SAFETY: nothing else changes the register while this runs.
    let configuration = unsafe { CONFIGURATION.read_volatile() };
    // SAFETY: as above; the other bits stay as they are.
    unsafe { CONFIGURATION.write_volatile(configuration | 1 << 19) };
}
