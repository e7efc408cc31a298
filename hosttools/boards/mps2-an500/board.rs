//! QEMU's mps2-an500.

/// Where QEMU puts the sample: the board's 16 MB of PSRAM.
pub const LOADED: *const u8 = 0x6000_0000 as *const u8;
/// Where CMSDK timer 0 is: it counts down at 25 MHz.
const TIMER: *mut u32 = 0x4000_0000 as *mut u32;
/// The register that counts.
pub const COUNTER: *const u32 = TIMER.wrapping_add(1);
/// So many ticks …
pub const TICKS: u32 = 1;
/// … take so many instructions of 1 ns.
pub const INSTRUCTIONS: usize = 40;
/// Whether the register counts down.
pub const DOWN: bool = true;

/// Starts the counter, from the top.
pub fn start() {
    for (register, value) in [(2, u32::MAX), (1, u32::MAX), (0, 1)] {
        // SAFETY: these are the timer's reload, value and control registers, which nothing else uses.
        unsafe { TIMER.wrapping_add(register).write_volatile(value) };
    }
}
