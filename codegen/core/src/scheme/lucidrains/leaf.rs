//! An attention and a feed-forward layer, each behind its `PreNorm`.

use super::class::Class;
use super::layout::{Layout, Part};
use crate::model::{Activation, Attention, Gate, Mlp, Query};
use crate::scheme::Version;
use crate::scheme::checkpoint::{Axis, Bias, Checkpoint};
use crate::scheme::constructor::Constructor;

/// Epsilon of every layer norm: PyTorch's default.
pub(super) const EPS: f64 = 1e-5;
/// Hidden width of a feed-forward layer over that of the rows.
const WIDENING: usize = 4;

/// What a version calls the last linear layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    output: &'static str,
    down: &'static str,
}

/// The first version whose `Perceiver` has no list of output layer and dropout.
const UNLISTED: Version = Version::new(0, 8, 0);

impl Leaf {
    const PLAIN: Self = Self { output: "fn.to_out", down: "fn.net.2" };
    const LISTED: Self = Self { output: "fn.to_out.0", down: "fn.net.3" };

    /// What a checkpoint of `class` calls them; complains when tensors and version disagree.
    pub(super) fn of(class: Class, layout: Layout, constructor: &mut Constructor, checkpoint: &Checkpoint) -> Self {
        if matches!(class, Class::Io | Class::Lm) {
            return Self::PLAIN;
        }
        let [attention, _] = layout.places(Part::Cross(0));
        let tensor = |leaf: Self| format!("{attention}{}.{}.weight", class.wrapping(), leaf.output);
        let said = constructor.version.map(|version| if version < UNLISTED { Self::LISTED } else { Self::PLAIN });
        let shown = [Self::LISTED, Self::PLAIN].into_iter().find(|&leaf| checkpoint.has(&tensor(leaf)));
        if let (Some(version), Some(shown), true) = (constructor.version, shown, said != shown) {
            constructor.complain(format!(
                "`version` in config.json is {version}, but the tensor `{}` is one of versions {} {UNLISTED}: name the version that \
                 trained these weights",
                tensor(shown),
                if shown == Self::LISTED { "before" } else { "from" }
            ));
        }
        shown.or(said).unwrap_or(Self::PLAIN)
    }
}

/// The sizes of an attention.
pub(super) struct Shape<'a> {
    /// Width of the rows that it rewrites.
    pub(super) rows: Axis<'a>,
    /// Width of the rows that keys and values are made from; none in self-attention.
    pub(super) context: Option<Axis<'a>>,
    pub(super) heads: Axis<'a>,
    pub(super) dim_head: Axis<'a>,
}

impl Leaf {
    /// The attention at `place`, added to its rows.
    pub(super) fn attention(self, checkpoint: &mut Checkpoint, place: &str, shape: &Shape<'_>) -> Attention {
        let part = |name: &str| format!("{place}.{name}");
        let inner = shape.heads.0 * shape.dim_head.0;
        let source = format!("{} × {}", shape.heads.1, shape.dim_head.1);
        let inner = (inner, source.as_str());
        let [key, value] = checkpoint.fused(&part("fn.to_kv"), inner, shape.context.unwrap_or(shape.rows));
        let output = checkpoint.linear(&part(self.output), shape.rows, inner, Bias::Required);
        let query = Query::Projected {
            norm: Some(checkpoint.norm(&part("norm"), shape.rows, EPS)),
            linear: checkpoint.linear(&part("fn.to_q"), inner, shape.rows, Bias::Absent),
        };
        let norm_kv = shape.context.map(|width| checkpoint.norm(&part("norm_context"), width, EPS));
        Attention::new(query, norm_kv, [key, value, output], shape.heads.0)
    }

    /// The feed-forward layer at `place`, over rows of the width `rows`.
    pub(super) fn feed_forward(self, checkpoint: &mut Checkpoint, place: &str, rows: Axis<'_>) -> Mlp {
        let part = |name: &str| format!("{place}.{name}");
        let [up, down] = [2 * WIDENING, WIDENING].map(|factor| format!("{factor} × {}", rows.1));
        let (up, down) = ((2 * WIDENING * rows.0, up.as_str()), (WIDENING * rows.0, down.as_str()));
        Mlp {
            norm: Some(checkpoint.norm(&part("norm"), rows, EPS)),
            up: checkpoint.linear(&part("fn.net.0"), up, rows, Bias::Required),
            activation: Activation::GeluErf,
            gate: Some(Gate::Second),
            down: checkpoint.linear(&part(self.down), rows, down, Bias::Required),
        }
    }
}
