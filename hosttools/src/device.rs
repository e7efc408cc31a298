//! The memories of boards that people have, from the makers' data sheets.

/// A board and its memories.
pub(crate) struct Device {
    /// The board, or the microcontroller.
    pub(crate) name: &'static str,
    /// Its core.
    pub(crate) processor: &'static str,
    /// Bytes that a program and its weights can lie in and be read from as memory.
    pub(crate) flash: usize,
    /// Bytes of the largest region of RAM in one piece: a model is one static.
    pub(crate) ram: usize,
    /// The document that says so.
    pub(crate) source: &'static str,
}

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

const fn device(name: &'static str, processor: &'static str, flash: usize, ram: usize, source: &'static str) -> Device {
    Device { name, processor, flash, ram, source }
}

/// From small to large, by core.
#[rustfmt::skip]
pub(crate) const DEVICES: [Device; 24] = [
    device("micro:bit v1 (nRF51822)", "Cortex-M0", 256 * KIB, 16 * KIB, "Nordic nRF51822 Product Specification"),
    device("Arduino Zero (SAMD21G18)", "Cortex-M0+", 256 * KIB, 32 * KIB, "Microchip DS40001882"),
    device("Raspberry Pi Pico (RP2040)", "Cortex-M0+", 2 * MIB, 264 * KIB, "Raspberry Pi RP2040 Datasheet; Pico: 2 MB of flash"),
    device("STM32F103C8", "Cortex-M3", 64 * KIB, 20 * KIB, "ST DS5319"),
    device("micro:bit v2 (nRF52833)", "Cortex-M4F", 512 * KIB, 128 * KIB, "Nordic nRF52833 Product Specification"),
    device("nRF52840 (Nano 33 BLE)", "Cortex-M4F", MIB, 256 * KIB, "Nordic nRF52840 Product Specification"),
    device("STM32F411RE", "Cortex-M4F", 512 * KIB, 128 * KIB, "ST DS10314"),
    device("STM32F446RE", "Cortex-M4F", 512 * KIB, 128 * KIB, "ST DS10693"),
    device("STM32F407VG", "Cortex-M4F", MIB, 128 * KIB, "ST DS8626: 112 + 16 KB, and 64 KB of CCM apart"),
    device("STM32L476RG", "Cortex-M4F", MIB, 96 * KIB, "ST DS10198: SRAM1, and 32 KB of SRAM2 apart"),
    device("STM32L4R5ZI", "Cortex-M4F", 2 * MIB, 640 * KIB, "ST DS12023"),
    device("SAMD51J19", "Cortex-M4F", 512 * KIB, 192 * KIB, "Microchip DS60001507"),
    device("nRF5340 (application core)", "Cortex-M33", MIB, 512 * KIB, "Nordic nRF5340 Product Specification"),
    device("Raspberry Pi Pico 2 (RP2350)", "Cortex-M33", 4 * MIB, 520 * KIB, "Raspberry Pi RP2350 Datasheet; Pico 2: 4 MB of flash"),
    device("STM32U575ZI", "Cortex-M33", 2 * MIB, 768 * KIB, "ST DS13737: SRAM1 to SRAM3, and 16 KB of SRAM4 apart"),
    device("STM32F746NG", "Cortex-M7", MIB, 320 * KIB, "ST DS10916"),
    device("STM32F767ZI", "Cortex-M7", 2 * MIB, 512 * KIB, "ST DS11532"),
    device("STM32H743ZI", "Cortex-M7", 2 * MIB, 512 * KIB, "ST DS12110: AXI SRAM, of 1 MB in all"),
    device("Teensy 4.0 (i.MX RT1062)", "Cortex-M7", 1984 * KIB, 512 * KIB, "NXP IMXRT1060CEC; PJRC: 1984 K of flash, two times 512 K of RAM"),
    device("Teensy 4.1 (i.MX RT1062)", "Cortex-M7", 7936 * KIB, 512 * KIB, "NXP IMXRT1060CEC; PJRC: 7936 K of flash, two times 512 K of RAM"),
    device("Alif Ensemble E3", "Cortex-M55", 5632 * KIB, 4 * MIB, "Alif AWPR0003: SRAM0, of 13.5 MB in all; 5.5 MB of MRAM"),
    device("Corstone-300 on MPS3 (AN547)", "Cortex-M55", 512 * KIB, 2 * MIB, "Arm DAI 0547: code in ITCM, SRAM"),
    device("ESP32-C3 with 4 MB", "RV32IMC", 4 * MIB, 384 * KIB, "Espressif ESP32-C3 Series Datasheet: 400 KB, of which 16 KB are cache"),
    device("ESP32-S3 with 8 MB", "Xtensa LX7", 8 * MIB, 416 * KIB, "Espressif ESP32-S3 Technical Reference Manual: SRAM1, of 512 KB in all"),
];
