//! What the exact rewrites save, and what weights of another number type would: found by compiling without, and with.

use super::{headed, row};
use crate::options::ModelArgs;
use crate::table::{grouped, table};
use anyhow::Result;
use percio_codegen_core::model::Model;
use percio_codegen_core::passes::Passes;
use percio_codegen_core::program::{Program, WeightFormat};
use serde::Serialize;

/// What a rewrite is called, what it does, and how to leave it out.
type Fold = (&'static str, &'static str, fn(&mut Passes));

const FOLDS: [Fold; 11] = [
    ("drop_dead", "queries that no output reads disappear", |passes| passes.drop_dead = false),
    ("fold_input_scale", "an input's scale moves into the layer on its tokens", |passes| {
        passes.fold_input_scale = false
    }),
    ("merge_stem", "the layers on a token and its position move into what reads them", |passes| {
        passes.merge_stem = false
    }),
    ("fold_norms", "a norm's gain and offset move into the layers that read it", |passes| passes.fold_norms = false),
    ("fold_score_scale", "the scale of scores moves into the queries' layer", |passes| passes.fold_score_scale = false),
    ("drop_key_bias", "key biases disappear", |passes| passes.drop_key_bias = false),
    ("move_value_bias", "value biases move to the output's", |passes| passes.move_value_bias = false),
    ("bake_queries", "queries that are always the same become constants", |passes| passes.bake_queries = false),
    ("absorb_keys", "the keys' layer moves to the queries", |passes| passes.absorb_keys = false),
    ("absorb_values", "the values' layer moves to the output", |passes| passes.absorb_values = false),
    ("separate_positions", "positions on a grid leave the tokens", |passes| passes.separate_positions = false),
];

#[derive(Serialize)]
pub(super) struct Savings {
    folds: Vec<Saved>,
    number_types: Vec<Stored>,
}

/// What more a model would take without a rewrite; negative where it would take less.
#[derive(Serialize)]
struct Saved {
    name: &'static str,
    what: &'static str,
    macs: i64,
    flash_bytes: i64,
    ram_bytes: i64,
}

/// What a model takes with weights of a number type.
#[derive(Serialize)]
struct Stored {
    weights: &'static str,
    flash_bytes: usize,
    ram_bytes: usize,
}

impl Savings {
    /// Of `model`, which becomes `program` as `arguments` say.
    pub(super) fn of(arguments: &ModelArgs, model: &Model, program: &Program) -> Result<Self> {
        let without = |leave_out: &dyn Fn(&mut Passes)| {
            let mut passes = Passes::default();
            leave_out(&mut passes);
            arguments.compile_with(model.clone(), arguments.weights, passes)
        };
        let mut folds = Vec::new();
        for (name, what, leave_out) in FOLDS {
            folds.push(Saved::between(name, what, &without(&leave_out)?, program));
        }
        let all = without(&|passes| *passes = Passes::NONE)?;
        folds.push(Saved::between("all", "all of them together", &all, program));
        let stored = |weights: WeightFormat| -> Result<Stored> {
            let program = arguments.compile_in(model.clone(), weights)?;
            let (flash_bytes, ram_bytes) = (program.flash_bytes(), program.ram_bytes());
            Ok(Stored { weights: weights.name(), flash_bytes, ram_bytes })
        };
        // A number that a narrow type cannot hold is said where that type is asked for.
        let number_types = WeightFormat::ALL.into_iter().filter_map(|weights| stored(weights).ok()).collect();
        Ok(Self { folds, number_types })
    }

    pub(super) fn print(&self) {
        let rows = self.folds.iter().map(|fold| {
            let [macs, flash, ram] = [fold.macs, fold.flash_bytes, fold.ram_bytes].map(signed);
            row([fold.what, &macs, &flash, &ram])
        });
        println!("\n{}", table(&headed(["each fold by itself saves", "MACs", "flash, bytes", "RAM, bytes"], rows)));
        let rows = self.number_types.iter().map(|stored| {
            let [flash, ram] = [stored.flash_bytes, stored.ram_bytes].map(|bytes| grouped(bytes as u64));
            row([stored.weights, &flash, &ram])
        });
        println!("\n{}", table(&headed(["weights stored as", "flash, bytes", "RAM, bytes"], rows)));
    }
}

impl Saved {
    fn between(name: &'static str, what: &'static str, without: &Program, with: &Program) -> Self {
        let more = |of: fn(&Program) -> u64| of(without).cast_signed() - of(with).cast_signed();
        Self {
            name,
            what,
            macs: more(Program::macs),
            flash_bytes: more(|program| program.flash_bytes() as u64),
            ram_bytes: more(|program| program.ram_bytes() as u64),
        }
    }
}

/// A number of which less than nothing may be.
fn signed(number: i64) -> String {
    let sign = if number < 0 { "−" } else { "" };
    format!("{sign}{}", grouped(number.unsigned_abs()))
}
