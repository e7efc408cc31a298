//! The Cortex-M7's timing. Arm publishes no table; this one is after Arm's scheduling model in LLVM
//! (llvm/lib/Target/ARM/ARMScheduleM7.td): two instructions a cycle, one store, multiply and floating-point unit. Caches
//! always hit and branches are always foreseen.

use super::core::Cycles::{Fixed, Pairs};
use super::core::Unit::{Any, Float, Multiply, Store, Whole};
use super::core::Writes::{First, FirstTwo, List, Nothing, Sum};
use super::core::{Core, Row};

pub(super) const M7: Core = Core { name: "Cortex-M7", width: 2, refill: 0.0, table: TABLE };

const TABLE: &[Row] = &[
    // WriteALU, WriteALUsi, WriteALUsr: latency 1.
    Row("mov movw movt mvn add addw sub subw adc sbc rsb adr neg", Fixed(1), 0, Any, First),
    Row("and orr orn eor bic lsl lsr asr ror rrx", Fixed(1), 0, Any, First),
    // M7WriteSIMD1, M7WriteShSIMD1, M7WriteShSIMD2: latency 1, saturation 2.
    Row("sxtb sxth uxtb uxth sxtb16 uxtb16 sxtab sxtah uxtab uxtah", Fixed(1), 0, Any, First),
    Row("bfc bfi sbfx ubfx rev rev16 revsh rbit clz pkhbt pkhtb sel", Fixed(1), 0, Any, First),
    Row("ssat usat", Fixed(1), 1, Any, First),
    // WriteCMP: latency 1.
    Row("cmp cmn tst teq", Fixed(1), 0, Any, Nothing),
    Row("it ite itt itte itet itee ittt ittte ittet ittee itett itete iteet iteee itttt", Fixed(1), 0, Any, Nothing),
    // M7NonGeneralPurpose: alone.
    Row("nop", Fixed(1), 0, Whole, Nothing),
    // WriteMUL32, WriteMAC32: latency 2.
    Row(
        "mul mla mls smmul smmla smmulr smulbb smulbt smultb smultt smlabb smlabt smlatb smlatt",
        Fixed(1),
        1,
        Multiply,
        First,
    ),
    Row("smlad smladx smuad smuadx smlsd smusd", Fixed(1), 1, Multiply, First),
    Row("smull umull smlal umlal umaal smlald", Fixed(1), 1, Multiply, FirstTwo),
    // WriteDIV: 7, alone.
    Row("sdiv udiv", Fixed(7), 0, Whole, First),
    // LoadLatency: 2.
    Row("ldr ldrb ldrh ldrsb ldrsh", Fixed(1), 1, Any, First),
    Row("str strb strh", Fixed(1), 0, Store, Nothing),
    // M7SingleIssue: several words go alone; the two load pipes and the store pipe (M7StoreDP) move two words a cycle.
    Row("ldrd", Fixed(1), 1, Whole, FirstTwo),
    Row("strd", Fixed(1), 0, Whole, Nothing),
    Row("ldm ldmia ldmdb pop", Pairs, 1, Whole, List),
    Row("stm stmia stmdb push", Pairs, 0, Whole, Nothing),
    // WriteBr; M7TableLoad.
    Row("b bl bx blx cbz cbnz", Fixed(1), 0, Any, Nothing),
    Row("tbb tbh", Fixed(2), 0, Whole, Nothing),
    // WriteFPALU32, WriteFPMUL32, WriteFPCVT: latency 3.
    Row("vadd vsub vmul vnmul vcvt vcvtr vcvtb vcvtt", Fixed(1), 2, Float, First),
    Row(
        "vrinta vrintn vrintm vrintp vrintz vrintx vrintr vmaxnm vminnm vselgt vselge vseleq vselvs",
        Fixed(1),
        2,
        Float,
        First,
    ),
    Row("vcmp vcmpe", Fixed(1), 0, Float, Nothing),
    // WriteFPMAC32: latency 6; ReadFPMAC: the sum is read 3 cycles later.
    Row("vmla vmls vnmla vnmls vfma vfms vfnma vfnms", Fixed(1), 5, Float, Sum(3)),
    // WriteFPDIV32, WriteFPSQRT32: latency 16.
    Row("vdiv vsqrt", Fixed(16), 0, Float, First),
    // WriteFPMOV: latency 3, not in the floating-point unit.
    Row("vmov vabs vneg", Fixed(1), 2, Any, First),
    Row("vmrs vmsr", Fixed(1), 2, Any, Nothing),
    // M7LoadSP, M7StoreSP.
    Row("vldr", Fixed(1), 1, Any, First),
    Row("vstr", Fixed(1), 0, Store, Nothing),
    Row("vldm vldmia vldmdb vpop", Pairs, 1, Whole, List),
    Row("vstm vstmia vstmdb vpush", Pairs, 0, Whole, Nothing),
];
