//! Queries that a caller can change: the model's own, between its positions, or of a token.

use super::interface::{Interface, nested};
use super::kernel::kernel;
use super::shape::shape;
use super::stage::{element, function};
use super::step::{Scope, Writer};
use crate::program::{Asked, Place, Program, Source, Step};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

/// The functions that make queries, beside the model's own methods.
pub(super) fn builders(program: &Program, interface: &Interface<'_>) -> TokenStream {
    let mut kinds: Vec<&Asked> = program.queries().map(|stage| &stage.asked).collect();
    kinds.dedup_by_key(|asked| asked.first);
    let functions = kinds.into_iter().filter_map(|asked| builder(program, interface, asked));
    let net = &interface.name;
    quote!(impl #net { #(#functions)* })
}

/// Whether a query needs nothing but its index.
fn needs_nothing(program: &Program, asked: &Asked) -> bool {
    let is_known = |step: &Step| match step {
        Step::Fourier { .. } => true,
        Step::CopyRows { x, .. } => matches!(x, Source::Weights(_) | Source::Table { .. }),
        _ => false,
    };
    !asked.steps.is_empty() && program.steps[asked.steps.clone()].iter().all(is_known)
}

/// `query`, and `query_at` where queries are positions; with the name of the kind where there are several.
fn builder(program: &Program, interface: &Interface<'_>, asked: &Asked) -> Option<TokenStream> {
    let row = asked.row.as_ref().filter(|_| needs_nothing(program, asked))?;
    let name = |what: &str| if asked.name.is_empty() { what.to_owned() } else { format!("{what}_{}", asked.name) };
    let (query, query_at) = (format_ident!("{}", name("query")), format_ident!("{}", name("query_at")));
    let [width, last] = [row.len, asked.known.saturating_sub(1)].map(Literal::usize_unsuffixed);
    let steps = program.steps[asked.steps.clone()].iter().map(|step| match step.clone() {
        // The caller names the position.
        Step::Fourier {
            points: Some(_),
            shape,
            axes,
            bands,
            by_axis,
            with_position,
            sine_only,
            rows,
            out_stride,
            tables,
            out,
        } => Step::Fourier {
            points: None,
            shape,
            axes,
            bands,
            by_axis,
            with_position,
            sine_only,
            rows,
            out_stride,
            tables,
            out,
        },
        step => step,
    });
    let steps: Vec<Step> = steps.collect();
    let writer = Writer { program, interface, scope: Scope::Query, tile: None };
    let made: TokenStream = steps.iter().map(|step| writer.step(step)).collect();
    let what = if asked.name.is_empty() { "the model".to_owned() } else { format!("`{}`", asked.name) };
    let doc = format!(
        "Query `index` of {what}, of {}; beyond the last, the last. To be changed, and asked with.",
        asked.known
    );
    let at = (!asked.frequencies.is_empty()).then(|| {
        let axes = Literal::usize_unsuffixed(asked.frequencies.len());
        let placed: TokenStream = steps.iter().map(|step| placed(&writer, step, asked)).collect();
        let doc =
            format!("A query of {what} at any coordinates: −1 to 1 along each axis of its positions, outermost first.");
        quote! {
            #[doc = #doc]
            #[must_use]
            pub fn #query_at(coordinates: [f32; #axes]) -> [f32; #width] {
                let (isa, row, tile) = (::percio::isa::Scalar, 0, 1);
                let mut query = [0.0; #width];
                #placed
                query
            }
        }
    });
    Some(quote! {
        #[doc = #doc]
        #[must_use]
        pub fn #query(index: usize) -> [f32; #width] {
            let (isa, row, tile) = (::percio::isa::Scalar, ::core::cmp::Ord::min(index, #last), 1);
            let mut query = [0.0; #width];
            #made
            query
        }

        #at
    })
}

/// The step, at coordinates that the caller names.
fn placed(writer: &Writer<'_>, step: &Step, asked: &Asked) -> TokenStream {
    let Step::Fourier { out: crate::program::Target::Arena(place), .. } = step else { return writer.step(step) };
    let axes = asked.frequencies.iter().map(|axis| {
        let axis = axis.iter().map(|&frequency| Literal::f32_suffixed(frequency));
        quote!(&[#(#axis),*])
    });
    let (shape, column) = (shape(step).finish(), Literal::usize_unsuffixed(place.offset));
    quote! {
        ::percio::layers::fourier_of(
            isa,
            &#shape,
            &[#(#axes),*],
            &coordinates,
            query.get_mut(#column..).unwrap_or_default(),
        );
    }
}

/// The method of the latents that makes a query of a token, where queries are tokens, and its kernel.
pub(super) fn reader(program: &Program, interface: &Interface<'_>) -> Option<(TokenStream, TokenStream)> {
    let stage = program.queries().next()?;
    let (net, row, (steps, axes)) = (&interface.name, stage.asked.row.as_ref()?, stage.asked.raw.as_ref()?);
    let element = element(program, stage.reads.map(|reading| reading.input));
    let token = nested(element.clone(), axes);
    let (argument, numbers) = match axes.as_slice() {
        [] => (token, quote!(&[token])),
        axes => {
            let flatten = (1..axes.len()).map(|_| quote!(.as_flattened()));
            (quote!(&#token), quote!(token #(#flatten)*))
        }
    };
    let (ask, range, width) = (function("ask", steps), range(program, row), Literal::usize_unsuffixed(row.len));
    let method = quote! {
        /// The query of the token at `position`, to be changed, and asked with.
        pub fn query(&mut self, position: u32, token: #argument) -> [f32; #width] {
            ::percio::isa::dispatch(__Query { net: self.net, input: #numbers, row: position as usize });
            let mut query = [0.0; #width];
            query.iter_mut().zip(self.net.arena.numbers(#range)).for_each(|(to, &from)| *to = from);
            query
        }
    };
    let fields = [
        (format_ident!("net"), quote!(&'a mut #net)),
        (format_ident!("input"), quote!(&'a [#element])),
        (format_ident!("row"), quote!(usize)),
    ];
    Some((method, kernel(&format_ident!("__Query"), &fields, &quote!(#ask(isa, &mut net.arena, input, row, 1);))))
}

/// The numbers of the arena at `place`.
pub(super) fn range(program: &Program, place: &Place) -> TokenStream {
    let start = program.buffers[place.buffer].offset + place.offset;
    let [start, end] = [start, start + place.len].map(Literal::usize_unsuffixed);
    quote!(#start..#end)
}
