//! The instruction set that the library uses: asked of the machine once on hosts, fixed by the target elsewhere.

#[cfg(percio_isa = "neon")]
use super::Neon;
#[cfg(percio_isa = "simd128")]
use super::Simd128;
#[cfg(target_arch = "x86_64")]
use super::{Avx2, Avx512};
use super::{Isa, Kernel, Scalar};

/// The instruction sets of this architecture, by the names that `PERCIO_ISA` takes; a later one is faster.
pub const NAMES: &[&str] = &[
    Scalar::NAME,
    #[cfg(target_arch = "x86_64")]
    Avx2::NAME,
    #[cfg(target_arch = "x86_64")]
    Avx512::NAME,
    #[cfg(percio_isa = "neon")]
    Neon::NAME,
    #[cfg(percio_isa = "simd128")]
    Simd128::NAME,
];

/// Runs `kernel` on the best instruction set of this machine.
///
/// With the `std` feature the machine is asked once, and the environment variable `PERCIO_ISA` forces one by name.
///
/// # Panics
/// On a host whose `PERCIO_ISA` names an instruction set that does not exist or that the machine lacks.
/// Without `std` nothing can fail.
#[inline]
pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    choice::current().run(kernel)
}

/// Runs `kernel` on the instruction set called `name`, one of [`NAMES`].
///
/// # Panics
/// When there is no such instruction set, or the machine lacks it.
#[cfg(feature = "std")]
pub fn on<K: Kernel>(name: &str, kernel: K) -> K::Output {
    choice::named(name).run(kernel)
}

/// Those of [`NAMES`] that this machine has, in the same order.
#[cfg(feature = "std")]
pub fn available() -> impl DoubleEndedIterator<Item = &'static str> {
    NAMES.iter().copied().filter(|name| choice::has(name))
}

/// The name of the instruction set that [`dispatch`] uses.
///
/// # Panics
/// As [`dispatch`].
#[must_use]
pub fn name() -> &'static str {
    dispatch(Name)
}

struct Name;

impl Kernel for Name {
    type Output = &'static str;

    #[inline(always)]
    fn run<I: Isa>(self, _: I) -> &'static str {
        I::NAME
    }
}

#[cfg(feature = "std")]
mod choice {
    #[cfg(percio_isa = "neon")]
    use super::Neon;
    #[cfg(percio_isa = "simd128")]
    use super::Simd128;
    #[cfg(target_arch = "x86_64")]
    use super::{Avx2, Avx512};
    use super::{Isa, Kernel, NAMES, Scalar, available};
    use std::sync::OnceLock;

    /// An instruction set that this machine has.
    #[derive(Clone, Copy)]
    pub(super) enum Choice {
        Scalar(Scalar),
        #[cfg(target_arch = "x86_64")]
        Avx2(Avx2),
        #[cfg(target_arch = "x86_64")]
        Avx512(Avx512),
        #[cfg(percio_isa = "neon")]
        Neon(Neon),
        #[cfg(percio_isa = "simd128")]
        Simd128(Simd128),
    }

    impl Choice {
        #[inline]
        pub(super) fn run<K: Kernel>(self, kernel: K) -> K::Output {
            match self {
                Self::Scalar(isa) => isa.run(kernel),
                #[cfg(target_arch = "x86_64")]
                Self::Avx2(isa) => isa.run(kernel),
                #[cfg(target_arch = "x86_64")]
                Self::Avx512(isa) => isa.run(kernel),
                #[cfg(percio_isa = "neon")]
                Self::Neon(isa) => isa.run(kernel),
                #[cfg(percio_isa = "simd128")]
                Self::Simd128(isa) => isa.run(kernel),
            }
        }

        /// The one called `name`, when the machine has it.
        fn find(name: &str) -> Option<Self> {
            match name {
                Scalar::NAME => Some(Self::Scalar(Scalar)),
                #[cfg(target_arch = "x86_64")]
                Avx2::NAME => Avx2::detect().map(Self::Avx2),
                #[cfg(target_arch = "x86_64")]
                Avx512::NAME => Avx512::detect().map(Self::Avx512),
                #[cfg(percio_isa = "neon")]
                Neon::NAME => Some(Self::Neon(Neon::guaranteed())),
                #[cfg(percio_isa = "simd128")]
                Simd128::NAME => Some(Self::Simd128(Simd128::guaranteed())),
                _ => None,
            }
        }
    }

    #[inline]
    pub(super) fn current() -> Choice {
        static CHOICE: OnceLock<Choice> = OnceLock::new();
        *CHOICE.get_or_init(|| match std::env::var("PERCIO_ISA") {
            Ok(name) => named(&name),
            Err(_) => available().next_back().map_or(Choice::Scalar(Scalar), named),
        })
    }

    pub(super) fn has(name: &str) -> bool {
        Choice::find(name).is_some()
    }

    pub(super) fn named(name: &str) -> Choice {
        let known = NAMES.join(", ");
        assert!(
            NAMES.contains(&name),
            "no instruction set `{name}` on this architecture: PERCIO_ISA may be one of {known}"
        );
        Choice::find(name)
            .unwrap_or_else(|| panic!("this machine lacks the instruction set `{name}`: choose another of {known}"))
    }
}

#[cfg(not(feature = "std"))]
mod choice {
    /// The best instruction set that the target guarantees.
    #[inline(always)]
    pub(super) const fn current() -> impl super::Isa {
        cfg_select! {
            all(target_feature = "avx512f", target_feature = "avx2", target_feature = "fma", target_feature = "f16c") => super::Avx512::guaranteed(),
            all(target_feature = "avx2", target_feature = "fma", target_feature = "f16c") => super::Avx2::guaranteed(),
            percio_isa = "neon" => super::Neon::guaranteed(),
            percio_isa = "simd128" => super::Simd128::guaranteed(),
            percio_isa = "mve" => crate::isa::Mve::guaranteed(),
            percio_isa = "cortex_m" => crate::isa::CortexM::guaranteed(),
            _ => super::Scalar,
        }
    }
}
