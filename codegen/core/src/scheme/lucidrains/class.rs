//! Which class of the library a checkpoint belongs to.

use crate::scheme::checkpoint::Checkpoint;
use crate::scheme::constructor::Constructor;

/// A class that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// `perceiver_pytorch.Perceiver`
    Perceiver,
    /// `perceiver_pytorch.gated.Perceiver`
    Gated,
    /// `perceiver_pytorch.mixed_latents.Perceiver`
    MixedLatents,
    /// `perceiver_pytorch.PerceiverIO`
    Io,
    /// `perceiver_pytorch.PerceiverLM`
    Lm,
}

/// A class of the library.
struct Known {
    /// `None` for one that cannot be read.
    class: Option<Class>,
    name: &'static str,
    /// A tensor that only it and the classes above it have.
    evidence: &'static str,
}

const fn known(class: Option<Class>, name: &'static str, evidence: &'static str) -> Known {
    Known { class, name, evidence }
}

/// Every class, those with more of their own first.
const CLASSES: [Known; 6] = [
    known(None, "experimental.Perceiver", "data_proj.weight"),
    known(Some(Class::Lm), "PerceiverLM", "perceiver_io.latents"),
    known(Some(Class::Io), "PerceiverIO", "decoder_cross_attn.norm.weight"),
    known(Some(Class::Gated), "gated.Perceiver", "layers.0.0.gru.weight_ih"),
    known(Some(Class::MixedLatents), "mixed_latents.Perceiver", "layers.0.2.fn.0.weight"),
    known(Some(Class::Perceiver), "Perceiver", "latents"),
];

impl Class {
    /// The library's name for it, with its module where that is not the main one.
    pub(super) fn name(self) -> &'static str {
        CLASSES.iter().find(|known| known.class == Some(self)).map_or("", |known| known.name)
    }

    /// Whether it takes the options of the main classes.
    pub(super) fn has_options(self) -> bool {
        !matches!(self, Self::Gated | Self::MixedLatents)
    }

    /// What stands between a layer's attention and the parts of it.
    pub(super) fn wrapping(self) -> &'static str {
        if self == Self::Gated { ".fn" } else { "" }
    }

    /// What stands before the encoder's tensors.
    pub(super) fn root(self) -> &'static str {
        if self == Self::Lm { "perceiver_io." } else { "" }
    }
}

/// The class that `class` in config.json and the tensors say, and a sentence on how it was recognised. Without one there is a
/// problem in `constructor`.
pub(super) fn recognise(constructor: &mut Constructor, checkpoint: &Checkpoint) -> Option<(Class, String)> {
    let name = constructor.class.clone();
    let name = name.as_deref();
    let shown = CLASSES.iter().find(|known| checkpoint.has(known.evidence));
    let named = name.map(|name| name.strip_prefix("perceiver_pytorch.").unwrap_or(name));
    // Several modules have a class of the plain name `Perceiver`.
    let is_plain = |known: &&Known| known.name.rsplit('.').next() == named;
    let found = match named {
        Some(named) => shown.filter(is_plain).or_else(|| CLASSES.iter().find(|known| known.name == named)),
        None => shown,
    };
    let Some(Known { class, name: found, evidence }) = found else {
        constructor.complain(complaint(name));
        return None;
    };
    if let Some(shown) = shown.filter(|_| !checkpoint.has(evidence)) {
        constructor.complain(format!(
            "`class` in config.json is \"{found}\", but the weights lack its `{evidence}` and are those of \"{}\": correct one of the two",
            shown.name
        ));
        return None;
    }
    let Some(class) = *class else {
        constructor.complain(format!(
            "the weights are those of `perceiver_pytorch.{found}` (`{evidence}`), which also writes from the latents back to the data, \
             through a linear attention of its own: percio has no such layers; train `perceiver_pytorch.Perceiver`"
        ));
        return None;
    };
    let how = if shown.is_some_and(|shown| shown.name == *found) {
        format!("recognised by `library` \"perceiver-pytorch\" and the tensor `{evidence}`: {found}")
    } else {
        format!("recognised by `library` \"perceiver-pytorch\" and `class` \"{found}\"")
    };
    Some((class, how))
}

fn complaint(name: Option<&str>) -> String {
    let names: Vec<_> =
        CLASSES.iter().filter(|known| known.class.is_some()).map(|known| format!("\"{}\"", known.name)).collect();
    let names = names.join(", ");
    match name {
        Some(name) => format!("`class` in config.json is \"{name}\", expected one of {names}: export one of these"),
        None => format!(
            "`class` in config.json is missing, and the tensors are those of no class of the library: name one of {names}"
        ),
    }
}
