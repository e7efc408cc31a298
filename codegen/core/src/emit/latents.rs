//! What can be asked of the latents: one query of an output, some, or all.

use super::interface::Interface;
use super::kernel::kernel;
use super::query;
use super::stage::{ask, element, from_mut, function, latents, offset};
use crate::program::{Head, Place, Program, QueryStage};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

/// Code about the latents of one program.
pub(super) struct Latents<'a> {
    program: &'a Program,
    interface: &'a Interface<'a>,
    /// The type that is asked.
    pub(super) name: Ident,
}

impl<'a> Latents<'a> {
    /// For a program whose queries may be decoded one at a time.
    pub(super) fn new(program: &'a Program, interface: &'a Interface<'a>) -> Option<Self> {
        program.queries().next()?;
        if program.queries().any(|stage| program.hides_queries(stage)) {
            return None;
        }
        Some(Self { program, interface, name: interface.latents_name() })
    }

    /// The type that a user sees.
    pub(super) fn types(&self, visibility: &TokenStream) -> TokenStream {
        let Self { name, interface: Interface { name: net, .. }, .. } = self;
        let doc = format!("What [`{net}`] has made of an input, to be asked.");
        quote! {
            #[doc = #doc]
            #visibility struct #name<'n> {
                net: &'n mut #net,
            }
        }
    }

    /// Its methods, and the kernels behind them.
    pub(super) fn items(&self) -> TokenStream {
        let Self { name, program, .. } = self;
        let outputs = (program.keeps_outputs && !program.queries_need_input()).then(|| {
            let (output, result) = (self.interface.output_type(), self.interface.result(&quote!(self.net)));
            quote! {
                /// All outputs. They live in the model until the next call.
                pub fn outputs(&mut self) -> #output {
                    ::percio::isa::dispatch(__Decode { net: self.net });
                    #result
                }
            }
        });
        let own = self.heads().into_iter().map(|(stages, head)| self.own(&stages, head));
        let free = self.heads().into_iter().map(|(stages, head)| self.free(stages[0], head));
        let (methods, kernels): (Vec<_>, Vec<_>) = own.chain(free).flatten().unzip();
        let (builders, (reader, reader_kernel)) =
            (query::builders(program, self.interface), query::reader(program, self.interface).unzip());
        quote! {
            impl #name<'_> {
                #(#methods)*
                #reader
                #outputs
            }

            #builders
            #reader_kernel
            #(#kernels)*
        }
    }

    /// The head of each output, with the stages that it is part of: one for each kind of queries.
    fn heads(&self) -> Vec<(Vec<&'a QueryStage>, &'a Head)> {
        let of = |output| {
            let heads = self.program.queries().flat_map(|stage| stage.heads.iter().map(move |head| (stage, head)));
            let (mut stages, heads): (Vec<_>, Vec<_>) = heads.filter(|(_, head)| head.output == output).unzip();
            stages.dedup_by_key(|stage| stage.asked.first);
            Some((stages, *heads.first()?))
        };
        (0..self.program.outputs.len()).filter_map(of).collect()
    }

    /// `what`, or `what_name` where there are several outputs.
    fn method(&self, what: &str, head: &Head) -> Ident {
        match self.program.outputs.as_slice() {
            [_] => format_ident!("{what}"),
            outputs => format_ident!("{what}_{}", outputs[head.output].name),
        }
    }

    /// The rows that a head has written of an output.
    fn rows(&self, head: &Head) -> TokenStream {
        let numbers = head.rows.as_ref().map_or_else(
            || self.interface.output_read(head.output, &quote!(self.net)),
            |place| {
                let range = self.range(place);
                quote!(self.net.arena.numbers(#range))
            },
        );
        quote!(#numbers.as_chunks().0)
    }

    fn range(&self, place: &Place) -> TokenStream {
        query::range(self.program, place)
    }

    /// The methods that decode the model's own queries, and their kernel; none where these are made from an input.
    fn own(&self, stages: &[&QueryStage], head: &Head) -> Option<(TokenStream, TokenStream)> {
        if stages.iter().any(|stage| stage.reads.is_some()) {
            return None;
        }
        let output = &self.program.outputs[head.output];
        let (decode, each) = (self.method("decode", head), self.method("decode_each", head));
        let kernel = format_ident!("__Decode{}", head.output);
        // Queries of two kinds are not decoded together.
        let tile = if stages.len() == 1 { stages[0].tile } else { 1 };
        let [count, last, width, tile] =
            [output.rows, output.rows.saturating_sub(1), output.width, tile].map(Literal::usize_unsuffixed);
        let rows = self.rows(head);
        let (at, from) = match head.rows {
            None => (quote!(get(row)), quote!(.skip(row))),
            Some(_) => (quote!(first()), TokenStream::new()),
        };
        let one = format!("Row `query` of `{}`, of {}; beyond the last, the last.", output.name, output.rows);
        let some = format!(
            "Calls `each` with the rows `queries` of `{}` and their indices; those from {} on are left out.",
            output.name, output.rows
        );
        let methods = quote! {
            #[doc = #one]
            pub fn #decode(&mut self, query: usize) -> &[f32; #width] {
                let row = ::core::cmp::Ord::min(query, #last);
                ::percio::isa::dispatch(#kernel { net: self.net, row, tile: 1 });
                #rows.#at.unwrap_or(&[0.0; #width])
            }

            #[doc = #some]
            ///
            /// Queries that follow each other are decoded together, as many at a time as is fast.
            pub fn #each(
                &mut self,
                queries: impl ::core::iter::IntoIterator<Item = usize>,
                mut each: impl ::core::ops::FnMut(usize, &[f32; #width]),
            ) {
                let queries = ::core::iter::IntoIterator::into_iter(queries).filter(|&query| query < #count);
                for (row, tile) in ::percio::runs(queries, #tile) {
                    ::percio::isa::dispatch(#kernel { net: self.net, row, tile });
                    let rows = #rows.iter()#from;
                    (row..).zip(rows).take(tile).for_each(|(query, out)| each(query, out));
                }
            }
        };
        Some((methods, self.kernel(stages, head)))
    }

    /// The kernel that decodes rows of one output.
    fn kernel(&self, stages: &[&QueryStage], head: &Head) -> TokenStream {
        let net = &self.interface.name;
        let asks = stages.iter().map(|stage| {
            let first = head.first as isize - stage.asked.first as isize;
            let row = if first < 0 {
                let before = Literal::usize_unsuffixed(first.unsigned_abs());
                quote!(row - #before)
            } else {
                offset(quote!(row), first.unsigned_abs())
            };
            let end = Literal::usize_unsuffixed((stage.asked.first + stage.asked.count).saturating_sub(head.first));
            (end, ask(stage, &quote!(&[]), &row))
        });
        let mut asks = asks.rev();
        let last = asks.next().map(|(_, ask)| ask).unwrap_or_default();
        let asks = asks.fold(last, |rest, (end, ask)| quote!(if row < #end { #ask } else { #rest }));
        let (decode, steps) = (function("decode", &stages[0].decode), function("head", &head.steps));
        let (query, out) = (offset(quote!(row), head.first), self.out(head, quote!(row)));
        let (usize, latents) = (quote!(usize), latents(self.program));
        let fields = [
            (format_ident!("net"), quote!(&'a mut #net)),
            (format_ident!("row"), usize.clone()),
            (format_ident!("tile"), usize),
        ];
        let body = quote! {
            #asks
            #decode(isa, &mut net.arena, #query, tile #latents);
            #steps(isa, &mut net.arena, tile, #out);
        };
        kernel(&format_ident!("__Decode{}", head.output), &fields, &body)
    }

    /// What a head writes, from the row `row` of its output on.
    fn out(&self, head: &Head, row: TokenStream) -> TokenStream {
        if head.rows.is_some() {
            return quote!(&mut []);
        }
        let numbers = self.interface.output_numbers(head.output);
        from_mut(&numbers, row, self.program.outputs[head.output].width)
    }

    /// The method that decodes a query made by the caller, and its kernel; none where the decoder reads constants.
    fn free(&self, stage: &QueryStage, head: &Head) -> Option<(TokenStream, TokenStream)> {
        let (net, row) = (&self.interface.name, stage.asked.row.as_ref()?);
        let output = &self.program.outputs[head.output];
        let (method, kernel_name) = (self.method("decode_with", head), format_ident!("__DecodeWith{}", head.output));
        let [query_width, width] = [row.len, output.width].map(Literal::usize_unsuffixed);
        let rows = self.rows(head);
        let doc = format!("What `{}` answers to `query`, which need not be one of the model's own.", output.name);
        let methods = quote! {
            #[doc = #doc]
            ///
            /// It lives in the model until the next call.
            pub fn #method(&mut self, query: &[f32; #query_width]) -> &[f32; #width] {
                ::percio::isa::dispatch(#kernel_name { net: self.net, query });
                #rows.first().unwrap_or(&[0.0; #width])
            }
        };
        let (element, latents) = (element(self.program, None), latents(self.program));
        let (decode, steps) = (function("decode", &stage.decode), function("head", &head.steps));
        let (range, out) = (self.range(row), self.out(head, quote!(0)));
        let body = quote! {
            net.arena.numbers_mut(#range).iter_mut().zip(query).for_each(|(to, &from)| *to = from);
            #decode(isa, &mut net.arena, 0, 1 #latents);
            #steps(isa, &mut net.arena, 1, #out);
        };
        let fields = [(format_ident!("net"), quote!(&'a mut #net)), (format_ident!("query"), quote!(&'a [#element]))];
        Some((methods, kernel(&kernel_name, &fields, &body)))
    }
}
