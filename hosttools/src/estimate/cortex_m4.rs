//! The Cortex-M4's timing, after Arm DDI 0439 (Cortex-M4 Technical Reference Manual): table 3-1 for integers, 3.3.2 for
//! neighbouring loads and stores, table 7-1 for floating point. No wait states.
//!
//! Where the manual gives a range, the row takes: for a jump 2.5 cycles (1 + P, P is 1 … 3), for a division 12 (2 … 12).

use super::core::Cycles::{CoreRegisters, Fixed, Load, Store, Words};
use super::core::Unit::Any;
use super::core::Writes::{First, FirstTwo, List, Nothing};
use super::core::{Core, Row};

pub(super) const M4: Core = Core { name: "Cortex-M4", width: 1, refill: 1.5, table: TABLE };

/// Arm publishes no table for the Cortex-M33. LLVM schedules it, like the M4, with `CortexM4Model`
/// (llvm/lib/Target/ARM/ARM.td), so the M4's table stands for it.
pub(super) const M33: Core = Core { name: "Cortex-M33", ..M4 };

const TABLE: &[Row] = &[
    // DDI 0439, table 3-1: move, add, subtract, logical, shift, rotate, extend, bit field, reverse, saturate: 1.
    Row("mov movw movt mvn add addw sub subw adc sbc rsb adr neg", Fixed(1), 0, Any, First),
    Row("and orr orn eor bic lsl lsr asr ror rrx", Fixed(1), 0, Any, First),
    Row("sxtb sxth uxtb uxth sxtb16 uxtb16 sxtab sxtah uxtab uxtah", Fixed(1), 0, Any, First),
    Row("bfc bfi sbfx ubfx rev rev16 revsh rbit clz pkhbt pkhtb ssat usat sel", Fixed(1), 0, Any, First),
    // Table 3-1: compare, if-then (which is not folded here), no operation: 1.
    Row("cmp cmn tst teq", Fixed(1), 0, Any, Nothing),
    Row("it ite itt itte itet itee ittt ittte ittet ittee itett itete iteet iteee itttt", Fixed(1), 0, Any, Nothing),
    Row("nop", Fixed(1), 0, Any, Nothing),
    // Table 3-1: multiply, multiply-accumulate, the 64-bit and the dual 16-bit ones: 1.
    Row(
        "mul mla mls smmul smmla smmulr smulbb smulbt smultb smultt smlabb smlabt smlatb smlatt",
        Fixed(1),
        0,
        Any,
        First,
    ),
    Row("smlad smladx smuad smuadx smlsd smusd", Fixed(1), 0, Any, First),
    Row("smull umull smlal umlal umaal smlald", Fixed(1), 0, Any, FirstTwo),
    // Table 3-1: divide: 2 to 12.
    Row("sdiv udiv", Fixed(12), 0, Any, First),
    // Table 3-1 and 3.3.2: load 2, store 2, 1 where they follow each other; a store with a constant offset 1.
    Row("ldr ldrb ldrh ldrsb ldrsh", Load, 0, Any, First),
    Row("str strb strh", Store, 0, Any, Nothing),
    // Table 3-1: load and store of several: 1 + N.
    Row("ldrd", Fixed(3), 0, Any, FirstTwo),
    Row("strd", Fixed(3), 0, Any, Nothing),
    Row("ldm ldmia ldmdb pop", Words(1), 0, Any, List),
    Row("stm stmia stmdb push", Words(1), 0, Any, Nothing),
    // Table 3-1: branch: 1, and P when taken; a table branch 2 + P.
    Row("b bl bx blx cbz cbnz", Fixed(1), 0, Any, Nothing),
    Row("tbb tbh", Fixed(2), 0, Any, Nothing),
    // Table 7-1: add, subtract, multiply, absolute value, negate, compare, convert: 1, and one cycle more when the next
    // instruction consumes the result.
    Row("vadd vsub vmul vnmul vabs vneg vcvt vcvtr vcvtb vcvtt", Fixed(1), 1, Any, First),
    Row(
        "vrinta vrintn vrintm vrintp vrintz vrintx vrintr vmaxnm vminnm vselgt vselge vseleq vselvs",
        Fixed(1),
        1,
        Any,
        First,
    ),
    Row("vcmp vcmpe", Fixed(1), 0, Any, Nothing),
    // Table 7-1: multiply and accumulate in all its forms: 3.
    Row("vmla vmls vnmla vnmls vfma vfms vfnma vfnms", Fixed(3), 1, Any, First),
    // Table 7-1: divide and square root: 14.
    Row("vdiv vsqrt", Fixed(14), 1, Any, First),
    // Table 7-1: move: 1, two core registers 2; status 1.
    Row("vmov", CoreRegisters, 0, Any, First),
    Row("vmrs vmsr", Fixed(1), 0, Any, Nothing),
    // Table 7-1: load and store: 1 + N words.
    Row("vldr", Words(1), 0, Any, First),
    Row("vldm vldmia vldmdb vpop", Words(1), 0, Any, List),
    Row("vstr", Words(1), 0, Any, Nothing),
    Row("vstm vstmia vstmdb vpush", Words(1), 0, Any, Nothing),
];
