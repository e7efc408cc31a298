//! What can run a program: this process, a program built for this machine, a board in QEMU, a board at the end of a line.

mod cargo;
mod generated;
mod glue;
mod interpret;
mod line;
mod qemu;
mod remote;
mod said;
#[path = "templates/host/timing.rs"]
mod timing;
mod wire;

use crate::board::Board;
use crate::sample::Sample;
use anyhow::{Context, Error, Result, bail, ensure};
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser, ValueParserFactory};
use clap::{Arg, Command};
use percio::isa::{Isa, Kernel};
use percio_codegen_core::program::Program;
use std::ffi::OsStr;
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::time::Duration;

pub use crate::parallel::Threads;
pub(crate) use cargo::harness;
pub use generated::Generated;
pub use interpret::{AttentionMap, Encoder, Generator, Interpreter, Keep, StageRows, State, Trace};
pub use line::Line;
pub use qemu::Qemu;
pub use remote::Remote;

/// The outputs of one inference, in the order of the program's outputs.
pub type Outputs = Vec<Vec<f32>>;

/// What one inference costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cost {
    /// The time of each of several runs.
    Times(Vec<Duration>),
    /// Instructions, counted exactly, and the cycles that they are estimated to take.
    Instructions {
        /// How many.
        count: u64,
        /// None where the processor has no timing table.
        cycles_estimate: Option<u64>,
        /// Bytes of stack that it reaches into.
        stack: u64,
    },
}

/// Something that runs one program.
pub trait Backend: Send {
    /// The instruction set it runs on, by the name that `PERCIO_ISA` takes.
    fn isa(&self) -> &str;

    /// Runs the model once.
    ///
    /// # Errors
    /// When the back end itself fails: a process ends early, a tool is missing.
    fn infer(&mut self, sample: &Sample) -> Result<Outputs>;

    /// Runs the model once and keeps the stages that it passes through; a back end that cannot look into a run has none.
    ///
    /// # Errors
    /// As [`infer`](Self::infer).
    fn trace(&mut self, sample: &Sample) -> Result<(Outputs, Vec<StageRows>)> {
        Ok((self.infer(sample)?, Vec::new()))
    }

    /// What inference of `sample` costs.
    ///
    /// # Errors
    /// As [`infer`](Self::infer).
    fn cost(&mut self, sample: &Sample) -> Result<Cost>;
}

/// The back ends, by the names that `--backend` takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// The host's interpreter on percio's kernels.
    #[default]
    Interpreter,
    /// The generated Rust, built for this machine.
    Generated,
    /// The generated Rust on a Cortex-M4 in QEMU.
    QemuM4,
    /// The generated Rust on a Cortex-M7 in QEMU.
    QemuM7,
    /// The generated Rust on a Cortex-M33 in QEMU.
    QemuM33,
    /// The generated Rust on a Cortex-M55 in QEMU.
    QemuM55,
    /// The generated Rust on a board at the other end of a line.
    Board(Line),
}

impl Kind {
    /// Those that need no further word, and what they are.
    const NAMED: [(&'static str, Self, &'static str); 6] = [
        ("interpreter", Self::Interpreter, "The host's interpreter on percio's kernels"),
        ("generated", Self::Generated, "The generated Rust, built for this machine"),
        ("qemu-m4", Self::QemuM4, "The generated Rust on a Cortex-M4 in QEMU"),
        ("qemu-m7", Self::QemuM7, "The generated Rust on a Cortex-M7 in QEMU"),
        ("qemu-m33", Self::QemuM33, "The generated Rust on a Cortex-M33 in QEMU"),
        ("qemu-m55", Self::QemuM55, "The generated Rust on a Cortex-M55 in QEMU"),
    ];

    /// The name that `--backend` takes and reports show.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Board(line) => line.name(),
            named => Self::NAMED.iter().find(|(_, kind, _)| kind == named).map_or("", |(name, ..)| name),
        }
    }

    /// Whether it runs on this machine's processor, whose instruction set can be chosen.
    #[must_use]
    pub fn is_host(&self) -> bool {
        matches!(self, Self::Interpreter | Self::Generated)
    }

    /// Each of `kinds`, on each of `isas` where it runs on this machine's processor.
    ///
    /// # Errors
    /// When this machine lacks one of the instruction sets, or none of the back ends could run on it.
    pub fn each<'a>(kinds: &[Self], isas: &'a [String]) -> Result<Vec<(Self, Option<&'a str>)>> {
        isas.iter().try_for_each(|isa| check_isa(Some(isa)))?;
        if !isas.is_empty() && !kinds.iter().any(|kind| kind.is_host()) {
            bail!(
                "--isa chooses among this machine's instruction sets, and none of the back ends runs on this machine"
            );
        }
        let on = |kind: &Self| match isas {
            [_, ..] if kind.is_host() => isas.iter().map(|isa| (kind.clone(), Some(isa.as_str()))).collect(),
            _ => vec![(kind.clone(), None)],
        };
        Ok(kinds.iter().flat_map(on).collect())
    }

    /// Readies `program` to run: builds what has to be built.
    ///
    /// # Errors
    /// When a build fails, a tool is missing, or the program does not fit the machine.
    pub fn open<'a>(&self, program: &'a Program) -> Result<Box<dyn Backend + 'a>> {
        self.open_on(program, None)
    }

    /// [`open`](Self::open) on the instruction set called `isa`, where it is this machine's processor that runs.
    ///
    /// # Errors
    /// As [`open`](Self::open), and when this machine lacks the instruction set.
    pub fn open_on<'a>(&self, program: &'a Program, isa: Option<&'a str>) -> Result<Box<dyn Backend + 'a>> {
        self.open_threaded(program, isa, NonZeroUsize::MIN)
    }

    /// [`open_on`](Self::open_on) with so many threads, which the interpreter uses.
    ///
    /// # Errors
    /// As [`open_on`](Self::open_on).
    pub fn open_threaded<'a>(
        &self,
        program: &'a Program,
        isa: Option<&'a str>,
        each: NonZeroUsize,
    ) -> Result<Box<dyn Backend + 'a>> {
        self.open_several(program, isa, Threads { each, ..Threads::ONE })?.pop().context("no back end was asked for")
    }

    /// One for each of the samples that run at the same time, built once; the interpreter also uses several threads for one.
    ///
    /// # Errors
    /// As [`open_on`](Self::open_on).
    pub fn open_several<'a>(
        &self,
        program: &'a Program,
        isa: Option<&'a str>,
        threads: Threads,
    ) -> Result<Vec<Box<dyn Backend + 'a>>> {
        if self.is_host() {
            check_isa(isa)?;
        }
        ensure!(
            *self == Self::Interpreter || program.keeps_outputs,
            "a model that keeps no outputs has no `infer` for {} to run: take the interpreter, which computes all rows, or leave \
             --outputs out",
            self.name()
        );
        let count = threads.samples.get();
        let on = |board| Ok(boxed(vec![Qemu::build(board, program)?; count]));
        match self {
            Self::Interpreter => {
                let each = (0..count).map(|_| Interpreter::new(program)?.on(isa).threads(threads.each));
                Ok(boxed(each.collect::<Result<Vec<_>>>()?))
            }
            Self::Generated => Ok(boxed(Generated::build_several(program, isa, count)?)),
            Self::QemuM4 => on(Board::M4),
            Self::QemuM7 => on(Board::M7),
            Self::QemuM33 => on(Board::M33),
            Self::QemuM55 => on(Board::M55),
            // There is one of it, whatever was asked for.
            Self::Board(line) => Ok(boxed(vec![Remote::connect(line, program)?])),
        }
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some((_, kind, _)) = Self::NAMED.iter().find(|(name, ..)| *name == text) {
            return Ok(kind.clone());
        }
        let names = Self::NAMED.map(|(name, ..)| name).join(", ");
        Line::parse(text)
            .map(Self::Board)
            .with_context(|| format!("expected one of {names}, serial:DEVICE, tcp:HOST:PORT"))
    }
}

/// Reads a [`Kind`] on the command line, whose help and completions list those that have a name.
#[derive(Clone, Debug)]
pub struct KindParser;

impl ValueParserFactory for Kind {
    type Parser = KindParser;

    fn value_parser() -> KindParser {
        KindParser
    }
}

impl TypedValueParser for KindParser {
    type Value = Kind;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<Kind, clap::Error> {
        let parser = StringValueParser::new().try_map(|text| text.parse::<Kind>());
        parser.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let further = [
            PossibleValue::new("serial:DEVICE")
                .help("A board at a serial port, see `percio harness`; DEVICE@BAUD says how fast"),
            PossibleValue::new("tcp:HOST:PORT").help("A board behind a TCP connection"),
        ];
        let named = Kind::NAMED.into_iter().map(|(name, _, help)| PossibleValue::new(name).help(help));
        Some(Box::new(named.chain(further)))
    }
}

fn boxed<'a>(backends: Vec<impl Backend + 'a>) -> Vec<Box<dyn Backend + 'a>> {
    backends.into_iter().map(|backend| Box::new(backend) as Box<dyn Backend + 'a>).collect()
}

/// Whether this machine has the instruction set called `isa`, or else the one that `PERCIO_ISA` names.
fn check_isa(isa: Option<&str>) -> Result<()> {
    // The engine stops a program that asks for one that is not there; here that is a mistake of the user like others.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let asked = std::panic::catch_unwind(|| isa.map_or_else(percio::isa::name, |isa| percio::isa::on(isa, Found)));
    std::panic::set_hook(hook);
    asked.map(drop).map_err(|message| match message.downcast::<String>() {
        Ok(message) => anyhow::anyhow!("{message}"),
        Err(_) => anyhow::anyhow!("PERCIO_ISA names an instruction set that is not there"),
    })
}

/// The name of an instruction set that is there.
struct Found;

impl Kernel for Found {
    type Output = &'static str;

    #[inline(always)]
    fn run<I: Isa>(self, _: I) -> &'static str {
        I::NAME
    }
}
