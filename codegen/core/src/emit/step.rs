//! One call of `percio::layers` a step.

use super::interface::Interface;
use super::shape::shape;
use crate::program::{Activation, Count, Line, Place, Program, Source, Step, Target, WeightFormat, Weights};
use percio_format::PANEL;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use std::ops::Range;

/// Writes steps of a program.
pub(super) struct Writer<'a> {
    pub(super) program: &'a Program,
    pub(super) interface: &'a Interface<'a>,
    /// What the steps find around them.
    pub(super) scope: Scope,
    /// Rows of almost every tile, where they are known.
    pub(super) tile: Option<TokenStream>,
}

/// Most rows and inputs of a layer for which a kernel is made: what is larger gains nothing.
const FIXED: usize = 128;

/// The variables that steps use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// `net`, `input` and `tokens`
    Run,
    /// Those of a tile: `arena`, and what of `input`, `mask`, `row`, `tile` and `out` there is
    Tile,
    /// `row`, `tile` and the one `query` that all steps write
    Query,
}

impl Writer<'_> {
    /// The calls of some steps, in order.
    pub(super) fn steps(&self, steps: Range<usize>) -> TokenStream {
        let mut written = TokenStream::new();
        let mut next = steps.start;
        while next < steps.end {
            let layer = self.program.layers.iter().position(|layer| layer.contains(&next));
            let end = layer.map_or(next + 1, |layer| self.program.layers[layer].end);
            let part: TokenStream = self.program.steps[next..end].iter().map(|step| self.step(step)).collect();
            written.extend(match layer.map(Literal::usize_unsuffixed) {
                Some(layer) => quote!(if depth > #layer { #part }),
                None => part,
            });
            next = end;
        }
        written
    }

    /// A block that borrows the step's buffers and makes the call.
    pub(super) fn step(&self, step: &Step) -> TokenStream {
        let places = step.places();
        let names: Vec<Ident> = (0..places.len()).map(|index| format_ident!("buffer{index}")).collect();
        let ranges = places.iter().map(|place| self.range(place));
        let borrow = if places.is_empty() || self.scope == Scope::Query {
            TokenStream::new()
        } else {
            let arena = if self.scope == Scope::Run { quote!(net.arena) } else { quote!(arena) };
            quote!(let [#(#names),*] = #arena.split([#(#ranges),*]);)
        };
        let borrowed = |place: &Place| {
            let name = places.iter().zip(&names).find(|(known, _)| **known == place).map(|(_, name)| name);
            quote!(#name)
        };
        let sources: Vec<TokenStream> =
            step.sources().into_iter().map(|source| self.source(source, borrowed)).collect();
        let target = match step.target() {
            Target::Arena(place) if self.scope == Scope::Query => {
                let column = Literal::usize_unsuffixed(place.offset);
                quote!(query.get_mut(#column..).unwrap_or_default())
            }
            Target::Arena(place) => borrowed(place),
            Target::Output(index) => self.output(*index),
        };
        let function = self.function(step);
        let (shape, operands) = (self.shape(step), self.operands(step, &sources));
        quote!({ #borrow ::percio::layers::#function(isa, &#shape, #operands #target); })
    }

    /// The step's function; with the sizes it is made for, where there is one for these.
    fn function(&self, step: &Step) -> TokenStream {
        let name = Ident::new(step.name(), Span::call_site());
        let Some(sizes) = self.fixed(step) else { return quote!(#name) };
        let name = format_ident!("{name}_fixed");
        quote!(#name::<_, #(#sizes),*>)
    }

    /// Rows, inputs and outputs for which a kernel is made.
    fn fixed(&self, step: &Step) -> Option<[TokenStream; 3]> {
        let &Step::Linear { rows, inputs, outputs, x_stride, out_stride, activation, accumulate, weight, .. } = step
        else {
            return None;
        };
        let size = |size| Literal::usize_unsuffixed(size).into_token_stream();
        let rows = match rows {
            Count::TILE => self.tile.clone()?,
            rows if rows == Count::fixed(rows.fixed) && rows.fixed <= FIXED => size(rows.fixed),
            _ => return None,
        };
        let fits = inputs <= FIXED && outputs.is_multiple_of(PANEL) && (x_stride, out_stride) == (inputs, outputs);
        let is_alike = weight.format == WeightFormat::F32 && (!accumulate || activation == Activation::Identity);
        (self.program.fixed_kernels && fits && is_alike).then(|| [rows, size(inputs), size(outputs)])
    }

    /// The shape that the step's function takes.
    fn shape(&self, step: &Step) -> TokenStream {
        let present = match self.scope {
            Scope::Run => tokens(self.program),
            Scope::Tile | Scope::Query => quote!(present),
        };
        match step {
            Step::HideRows { .. } => shape(step).field("present", present),
            _ => shape(step),
        }
        .finish()
    }

    fn range(&self, place: &Place) -> TokenStream {
        let start = self.program.buffers[place.buffer].offset + place.offset;
        let end = Literal::usize_unsuffixed(start + place.len);
        let start = count(Count::fixed(start) + place.skip);
        quote!(#start..#end)
    }

    fn source(&self, source: &Source, borrowed: impl Fn(&Place) -> TokenStream) -> TokenStream {
        match source {
            Source::Arena(place) => borrowed(place),
            Source::Weights(part) => weights(*part),
            Source::Table { rows, width } => table(*rows, *width, &quote!(row)),
            Source::LastRows { rows, width, count: last } => {
                let (all, last) = (Literal::usize_unsuffixed(rows.len / width), count(*last));
                table(*rows, *width, &quote!(#all - (#last)))
            }
            Source::Input(index) => self.input(*index),
        }
    }

    fn input(&self, index: usize) -> TokenStream {
        match self.scope {
            Scope::Run => self.interface.input_numbers(index),
            Scope::Tile | Scope::Query => quote!(input),
        }
    }

    fn output(&self, index: usize) -> TokenStream {
        match self.scope {
            Scope::Run => self.interface.output_numbers(index),
            Scope::Tile | Scope::Query => quote!(out),
        }
    }

    fn mask(&self, input: Option<usize>) -> TokenStream {
        match (input, self.scope) {
            (Some(index), Scope::Run) => self.interface.input_numbers(index),
            (Some(_), Scope::Tile | Scope::Query) => quote!(mask),
            (None, _) => quote!(&[]),
        }
    }

    /// The operands before the target, each followed by a comma.
    fn operands(&self, step: &Step, sources: &[TokenStream]) -> TokenStream {
        let operands = match step {
            Step::Embed { ids, table, .. } => vec![self.input(*ids), weights(*table)],
            Step::Linear { weight, bias, .. } => vec![sources[0].clone(), weights(*weight), weights(*bias)],
            Step::Normalize { gain, offset, .. } => [sources, &[weights(*gain), weights(*offset)]].concat(),
            Step::Attention { mask, .. }
            | Step::InvertedAttention { mask, .. }
            | Step::Gather { mask, .. }
            | Step::GatherGrid { mask, .. } => [sources, &[self.mask(*mask)]].concat(),
            Step::HideRows { mask, .. } => vec![self.mask(*mask)],
            Step::Columns { parts, .. } => [sources, &[weights(*parts)]].concat(),
            Step::AffineRows { gain, offset, .. } => vec![weights(*gain), weights(*offset)],
            Step::Fourier { points, tables, .. } => {
                points.map(|index| self.input(index)).into_iter().chain([weights(*tables)]).collect()
            }
            Step::Rotate { frequencies, .. } => vec![weights(*frequencies)],
            Step::Waves { line, .. } => vec![phases(line)],
            Step::Turn { steps, .. } => {
                let steps = steps.iter().map(|&step| Literal::u64_unsuffixed(step));
                vec![quote!(&[#(#steps),*])]
            }
            Step::Gate { .. }
            | Step::Gru { .. }
            | Step::Begin { .. }
            | Step::Settle { .. }
            | Step::CopyRows { .. }
            | Step::AddRows { .. }
            | Step::MeanRows { .. }
            | Step::Transpose { .. }
            | Step::Mix { .. }
            | Step::Mixed { .. }
            | Step::Unfold { .. }
            | Step::MaxPool { .. } => sources.to_vec(),
        };
        quote!(#(#operands,)*)
    }
}

/// `8 + 2 * tokens - prefix`
pub(super) fn count(count: Count) -> TokenStream {
    let Count { fixed, tokens, tile, latents, prefix, padding } = count;
    let [tokens, tile, latents] = [tokens, tile, latents].map(|factor| factor as isize);
    let lengths = [("tokens", tokens), ("tile", tile), ("latents", latents), ("prefix", prefix), ("padding", padding)];
    let product = |&(length, factor): &(&str, isize)| {
        let length = Ident::new(length, Span::call_site());
        let literal = Literal::usize_unsuffixed(factor.unsigned_abs());
        if factor.unsigned_abs() == 1 { quote!(#length) } else { quote!(#literal * #length) }
    };
    let mut plus: Vec<TokenStream> = lengths.iter().filter(|(_, factor)| *factor > 0).map(product).collect();
    let minus = lengths.iter().filter(|(_, factor)| *factor < 0).map(product);
    if fixed > 0 || plus.is_empty() {
        let constant = Literal::usize_unsuffixed(fixed);
        plus.insert(0, quote!(#constant));
    }
    quote!(#(#plus)+* #(- #minus)*)
}

fn weights(part: Weights) -> TokenStream {
    if part == Weights::NONE {
        return quote!(&[]);
    }
    let (offset, len) = (Literal::usize_unsuffixed(part.offset), Literal::usize_unsuffixed(part.len));
    let format = Ident::new(part.format.name(), Span::call_site());
    quote!(WEIGHTS.#format::<#offset, #len>())
}

/// The phases of each wave.
fn phases(line: &Line) -> TokenStream {
    let waves = line.waves.iter().map(|wave| {
        let [start, step] = wave.map(Literal::u64_unsuffixed);
        quote!([#start, #step])
    });
    quote!(&[#(#waves),*])
}

/// The rows of a table from row `first` on.
fn table(rows: Weights, width: usize, first: &TokenStream) -> TokenStream {
    let (offset, len, width) =
        (Literal::usize_unsuffixed(rows.offset), Literal::usize_unsuffixed(rows.len), Literal::usize_unsuffixed(width));
    quote!(WEIGHTS.rows::<#offset, #len>(#first, #width))
}

/// The tokens of a run, whose number may be a constant.
pub(super) fn tokens(program: &Program) -> TokenStream {
    let most = Literal::usize_suffixed(program.max_tokens);
    if program.has_variable_length() { quote!(tokens) } else { quote!(#most) }
}
