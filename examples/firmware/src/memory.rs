//! The sizes that the linker knows.

// SAFETY: cortex-m-rt's linker script defines these symbols; only their addresses are used.
unsafe extern "C" {
    static __sbss: u32;
    static __ebss: u32;
    static __sdata: u32;
    static __edata: u32;
}

/// Bytes of static variables: the sections `.bss` and `.data`.
#[must_use]
pub fn statics() -> usize {
    let bss = (&raw const __ebss).addr() - (&raw const __sbss).addr();
    let data = (&raw const __edata).addr() - (&raw const __sdata).addr();
    bss + data
}
