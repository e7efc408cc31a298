//! One call of `percio::layers` a step.

use super::interface::Interface;
use crate::program::{Activation, Count, InputKind, Place, Program, Source, Step, Target, Weights};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};

/// The body of an inference.
pub(super) fn steps(program: &Program, interface: &Interface<'_>) -> TokenStream {
    let writer = Writer { program, interface };
    let length = program.inputs.iter().position(|input| matches!(input.kind, InputKind::Ids { .. })).map(|index| {
        let (ids, max) = (interface.input_numbers(index), Literal::usize_unsuffixed(program.max_tokens));
        quote!(let tokens = ::core::cmp::Ord::min(#ids.len(), #max);)
    });
    let steps = program.steps.iter().map(|step| writer.step(step));
    quote!(#length #(#steps)*)
}

struct Writer<'a> {
    program: &'a Program,
    interface: &'a Interface<'a>,
}

impl Writer<'_> {
    /// A block that borrows the step's buffers and makes the call.
    fn step(&self, step: &Step) -> TokenStream {
        let places = step.places();
        let names: Vec<Ident> = (0..places.len()).map(|index| format_ident!("buffer{index}")).collect();
        let ranges = places.iter().map(|place| self.range(place));
        let borrow = if places.is_empty() {
            TokenStream::new()
        } else {
            quote!(let [#(#names),*] = net.arena.split([#(#ranges),*]);)
        };
        let mut arena = names.iter();
        let sources: Vec<TokenStream> =
            step.sources().into_iter().map(|source| self.source(source, &mut arena)).collect();
        let target = match step.target() {
            Target::Arena(_) => arena.next().map_or_else(TokenStream::new, |name| quote!(#name)),
            Target::Output(index) => self.interface.output_numbers(*index),
        };
        let function = Ident::new(step.name(), Span::call_site());
        let (shape, operands) = (shape(step), self.operands(step, &sources));
        quote!({ #borrow ::percio::layers::#function(isa, &#shape, #operands #target); })
    }

    fn range(&self, place: &Place) -> TokenStream {
        let start = self.program.buffers[place.buffer].offset + place.offset;
        let end = Literal::usize_unsuffixed(start + place.len);
        let start = count(Count::fixed(start) + place.skip);
        quote!(#start..#end)
    }

    fn source<'n>(&self, source: &Source, arena: &mut impl Iterator<Item = &'n Ident>) -> TokenStream {
        match source {
            Source::Arena(_) => arena.next().map_or_else(TokenStream::new, |name| quote!(#name)),
            Source::Weights(part) => weights(*part),
            Source::Input(index) => self.interface.input_numbers(*index),
        }
    }

    /// The operands before the target, each followed by a comma.
    fn operands(&self, step: &Step, sources: &[TokenStream]) -> TokenStream {
        let operands = match step {
            Step::Embed { ids, table, .. } => vec![self.interface.input_numbers(*ids), weights(*table)],
            Step::Linear { weight, bias, .. } => vec![sources[0].clone(), weights(*weight), weights(*bias)],
            Step::Normalize { gain, offset, .. } => [sources, &[weights(*gain), weights(*offset)]].concat(),
            Step::Attention { mask, .. } => {
                let mask = mask.map_or_else(|| quote!(&[]), |index| self.interface.input_numbers(index));
                [sources, &[mask]].concat()
            }
            Step::AffineRows { gain, offset, .. } => vec![weights(*gain), weights(*offset)],
            Step::Fourier { tables, .. } => vec![weights(*tables)],
            Step::Gate { .. }
            | Step::Gru { .. }
            | Step::CopyRows { .. }
            | Step::AddRows { .. }
            | Step::Unfold { .. }
            | Step::MaxPool { .. } => sources.to_vec(),
        };
        quote!(#(#operands,)*)
    }
}

/// `8 + 2 * tokens`
fn count(count: Count) -> TokenStream {
    let (fixed, factor) = (Literal::usize_unsuffixed(count.fixed), Literal::usize_unsuffixed(count.tokens));
    let tokens = if count.tokens == 1 { quote!(tokens) } else { quote!(#factor * tokens) };
    match count {
        Count { tokens: 0, .. } => quote!(#fixed),
        Count { fixed: 0, .. } => tokens,
        _ => quote!(#fixed + #tokens),
    }
}

fn weights(part: Weights) -> TokenStream {
    if part == Weights::NONE {
        return quote!(&[]);
    }
    let (offset, len) = (Literal::usize_unsuffixed(part.offset), Literal::usize_unsuffixed(part.len));
    quote!(WEIGHTS.f32::<#offset, #len>())
}

/// The shape that the step's function takes.
fn shape(step: &Step) -> TokenStream {
    match *step {
        Step::Embed { rows, vocabulary, width, out_stride, .. } => Shape::new("Embed")
            .count("rows", rows)
            .size("vocabulary", vocabulary)
            .size("width", width)
            .size("out_stride", out_stride),
        Step::Linear { rows, inputs, outputs, x_stride, out_stride, activation, accumulate, .. } => {
            Shape::new("Linear")
                .count("rows", rows)
                .size("inputs", inputs)
                .size("outputs", outputs)
                .size("x_stride", x_stride)
                .size("out_stride", out_stride)
                .field("activation", activation_path(activation))
                .field("accumulate", quote!(#accumulate))
        }
        Step::Normalize { rows, width, centred, eps, .. } => Shape::new("Normalize")
            .count("rows", rows)
            .size("width", width)
            .field("centred", quote!(#centred))
            .number("eps", eps),
        Step::Gate { rows, width, activation, second, .. } => Shape::new("Gate")
            .count("rows", rows)
            .size("width", width)
            .field("activation", activation_path(activation))
            .field("second", quote!(#second)),
        Step::Gru { rows, width, .. } => Shape::new("Gru").count("rows", rows).size("width", width),
        Step::Attention { queries, keys, masked, heads, qk, v_width, scale, .. } => Shape::new("Attention")
            .count("queries", queries)
            .count("keys", keys)
            .count("masked", masked)
            .size("heads", heads)
            .size("qk", qk)
            .size("v", v_width)
            .number("scale", scale),
        Step::CopyRows { rows, width, x_stride, out_stride, .. }
        | Step::AddRows { rows, width, x_stride, out_stride, .. } => rows_shape(rows, width, x_stride, out_stride),
        Step::AffineRows { rows, width, stride, .. } => rows_shape(rows, width, stride, stride),
        Step::Fourier { shape, axes, bands, with_position, sine_only, rows, out_stride, .. } => {
            let lengths = shape.map(Literal::usize_unsuffixed);
            Shape::new("Fourier")
                .field("shape", quote!([#(#lengths),*]))
                .size("axes", axes)
                .size("bands", bands)
                .field("with_position", quote!(#with_position))
                .field("sine_only", quote!(#sine_only))
                .count("rows", rows)
                .size("out_stride", out_stride)
        }
        Step::Unfold {
            channels,
            height,
            width,
            channels_first,
            kernel,
            stride,
            pad,
            out_height,
            out_width,
            out_stride,
            ..
        } => window_shape("Unfold", [channels, height, width, kernel, stride, out_height, out_width, out_stride])
            .field("channels_first", quote!(#channels_first))
            .size("pad", pad),
        Step::MaxPool { channels, height, width, kernel, stride, out_height, out_width, out_stride, .. } => {
            window_shape("MaxPool", [channels, height, width, kernel, stride, out_height, out_width, out_stride])
        }
    }
    .finish()
}

fn rows_shape(rows: Count, width: usize, x_stride: usize, out_stride: usize) -> Shape {
    Shape::new("Rows")
        .count("rows", rows)
        .size("width", width)
        .size("x_stride", x_stride)
        .size("out_stride", out_stride)
}

fn window_shape(name: &str, sizes: [usize; 8]) -> Shape {
    let names = ["channels", "height", "width", "kernel", "stride", "out_height", "out_width", "out_stride"];
    names.iter().zip(sizes).fold(Shape::new(name), |shape, (name, size)| shape.size(name, size))
}

fn activation_path(activation: Activation) -> TokenStream {
    let variant = format_ident!("{activation:?}");
    quote!(::percio::Activation::#variant)
}

/// A struct literal in the making.
struct Shape {
    name: Ident,
    fields: TokenStream,
}

impl Shape {
    fn new(name: &str) -> Self {
        Self { name: Ident::new(name, Span::call_site()), fields: TokenStream::new() }
    }

    fn field(mut self, name: &str, value: TokenStream) -> Self {
        let name = Ident::new(name, Span::call_site());
        self.fields.extend(quote!(#name: #value,));
        self
    }

    fn size(self, name: &str, value: usize) -> Self {
        let value = Literal::usize_unsuffixed(value);
        self.field(name, quote!(#value))
    }

    fn number(self, name: &str, value: f32) -> Self {
        let value = Literal::f32_suffixed(value);
        self.field(name, quote!(#value))
    }

    fn count(self, name: &str, value: Count) -> Self {
        self.field(name, count(value))
    }

    fn finish(self) -> TokenStream {
        let Self { name, fields } = self;
        quote!(::percio::layers::#name { #fields })
    }
}
