//! Attention blocks with their tensors.

use super::config::{self, Config, Hidden};
use crate::model::{Attention, Block, Gru, HeadNorms, Mixer, Mlp, Norm, Query, Reads, Residual, Rotary};
use crate::scheme::checkpoint::{Axis, Bias, Checkpoint};

/// What a block stands in.
pub(super) struct Place<'a> {
    /// Width of the rows that it rewrites.
    pub(super) rows: Axis<'a>,
    /// Width of the other rows that it may read.
    pub(super) context: Axis<'a>,
    /// How many rows it rewrites.
    pub(super) count: usize,
}

/// The norm called `name` over rows of `width`.
pub(super) fn norm(
    config: &Config,
    checkpoint: &mut Checkpoint,
    name: &str,
    width: Axis<'_>,
    spec: config::Norm,
) -> Norm {
    let mut part =
        |is_there: bool, part: &str| is_there.then(|| checkpoint.tensor(&format!("{name}.{part}"), &[width]));
    Norm {
        kind: spec.kind,
        gain: part(spec.gain, "weight"),
        offset: part(spec.offset, "bias"),
        eps: spec.eps.unwrap_or(config.norm_eps),
    }
}

impl Place<'_> {
    /// Reads the block. Widths that it does not say are those of the keys' rows.
    pub(super) fn read(&self, config: &Config, checkpoint: &mut Checkpoint, spec: &config::Block) -> Block {
        let reader = Reader { config, spec, rows: self.rows };
        let [mixer, mlp] = ["mixer", "mlp"].map(|part| reader.part(part));
        Block {
            name: spec.name.clone().unwrap_or_else(|| spec.prefix.clone()),
            reads: spec.reads,
            attention: self.attention(&reader, checkpoint),
            mlp: spec.mlp.as_ref().map(|spec| reader.mlp(checkpoint, &mlp, "", spec, self.rows)),
            mixer: spec.mixer.as_ref().map(|parts| Mixer {
                columns: reader.mlp(
                    checkpoint,
                    &format!("{mixer}.columns"),
                    "mixer.columns.",
                    &parts.columns,
                    (self.count, "the number of rows"),
                ),
                rows: reader.mlp(checkpoint, &format!("{mixer}.rows"), "mixer.rows.", &parts.rows, self.rows),
            }),
        }
    }

    fn attention(&self, reader: &Reader<'_>, checkpoint: &mut Checkpoint) -> Attention {
        let spec = reader.spec;
        let [heads_source, qk_source, v_source] = ["heads", "qk", "v"].map(|field| reader.field(field));
        let keys = if spec.reads == Reads::Itself { self.rows } else { self.context };
        let qk = spec.qk.map_or(keys, |width| (width, qk_source.as_str()));
        let v =
            spec.v.map_or(if spec.reads == Reads::Itself { self.rows } else { qk }, |width| (width, v_source.as_str()));
        self.divides((spec.heads, &heads_source), [qk, v], spec, checkpoint);
        let head_width = (qk.0 / spec.heads, format!("{} over {heads_source}", qk.1));
        let head_width: Axis<'_> = (head_width.0, &head_width.1);
        let part = |part: &str| reader.part(part);
        let query = Query::Projected {
            norm: spec.norm_q.map(|norm| reader.norm(checkpoint, "norm_q", self.rows, norm)),
            linear: checkpoint.linear(&part("q"), qk, self.rows, Bias::Optional),
        };
        let norm_kv = spec.norm_kv.map(|norm| reader.norm(checkpoint, "norm_kv", keys, norm));
        let projections = [
            checkpoint.linear(&part("k"), qk, keys, Bias::Optional),
            checkpoint.linear(&part("v"), v, keys, Bias::Optional),
            checkpoint.linear(&part("o"), self.rows, v, Bias::Optional),
        ];
        let plain = Attention::new(query, norm_kv, projections, spec.heads);
        Attention {
            scale: spec.scale.unwrap_or(plain.scale),
            head_norms: spec.head_norms.map(|norm| HeadNorms {
                query: reader.norm(checkpoint, "head_norm_q", head_width, norm),
                key: reader.norm(checkpoint, "head_norm_k", head_width, norm),
            }),
            rotary: spec.rotary.as_ref().map(|rotary| reader.rotary(checkpoint, rotary, head_width.0)),
            causal: spec.causal,
            softmax: spec.softmax,
            empty_rows: spec.empty_rows,
            masks_queries: spec.masks_queries,
            residual: self.residual(reader, checkpoint),
            ..plain
        }
    }

    fn divides(
        &self,
        (heads, source): Axis<'_>,
        widths: [Axis<'_>; 2],
        spec: &config::Block,
        checkpoint: &mut Checkpoint,
    ) {
        for (width, width_source) in widths.into_iter().filter(|(width, _)| width % heads != 0) {
            checkpoint.complain(format!(
                "{heads} heads (`{source}`) of `{}` cannot share {width} numbers (`{width_source}`) evenly: choose a width that \
                 {heads} divides, or another number of heads",
                spec.prefix
            ));
        }
    }

    fn residual(&self, reader: &Reader<'_>, checkpoint: &mut Checkpoint) -> Residual {
        let gates = format!("3 × {}", self.rows.1);
        let mut linear =
            |name: &str| checkpoint.linear(&reader.part(name), (3 * self.rows.0, &gates), self.rows, Bias::Optional);
        match reader.spec.residual {
            config::Residual::None => Residual::None,
            config::Residual::Add => Residual::Add,
            config::Residual::Gru => {
                Residual::Gru(Box::new(Gru { input: linear("gru.input"), hidden: linear("gru.hidden") }))
            }
        }
    }
}

/// The parts of one block.
struct Reader<'a> {
    config: &'a Config,
    spec: &'a config::Block,
    rows: Axis<'a>,
}

impl Reader<'_> {
    /// The full name of a tensor.
    fn part(&self, name: &str) -> String {
        format!("{}.{name}", self.spec.prefix)
    }

    /// The full name of a field.
    fn field(&self, name: &str) -> String {
        format!("{}.{name}", self.spec.section)
    }

    fn norm(&self, checkpoint: &mut Checkpoint, name: &str, width: Axis<'_>, spec: config::Norm) -> Norm {
        norm(self.config, checkpoint, &self.part(name), width, spec)
    }

    fn rotary(&self, checkpoint: &mut Checkpoint, spec: &config::Rotary, head_width: usize) -> Rotary {
        let (heads, all) = (spec.heads.unwrap_or(self.spec.heads), self.spec.heads);
        if 2 * spec.pairs > head_width || heads > all {
            checkpoint.complain(format!(
                "`{}` turns {} pairs of numbers in each of {heads} heads, but there are {all} heads of {head_width} numbers: \
                 correct `pairs` or `heads`",
                self.field("rotary"),
                spec.pairs
            ));
        }
        let pairs = self.field("rotary.pairs");
        let frequencies = checkpoint.buffer(&self.part("rotary"), &[(spec.pairs, &pairs)]);
        Rotary { frequencies, heads, places: spec.places }
    }

    /// An MLP whose linear layers run over `width` numbers; `section` is where its fields stand in those of the block.
    fn mlp(&self, checkpoint: &mut Checkpoint, name: &str, section: &str, spec: &config::Mlp, width: Axis<'_>) -> Mlp {
        let field = |field: &str| self.field(&format!("{section}{field}"));
        let (hidden, source) = match spec.hidden {
            Hidden::Widening(times) => (times * width.0, format!("{} × {}", field("widening"), width.1)),
            Hidden::Is(hidden) => (hidden, field("hidden")),
        };
        let halves = if spec.gate.is_some() { 2 } else { 1 };
        let up_source = if halves == 2 { format!("2 × {source}") } else { source.clone() };
        Mlp {
            norm: spec.norm.map(|spec| norm(self.config, checkpoint, &format!("{name}.norm"), self.rows, spec)),
            up: checkpoint.linear(&format!("{name}.up"), (halves * hidden, &up_source), width, Bias::Optional),
            activation: spec.activation,
            gate: spec.gate,
            down: checkpoint.linear(&format!("{name}.down"), width, (hidden, &source), Bias::Optional),
        }
    }
}
