//! What can be asked of the latents: one query of an output, some, or all.

use super::interface::Interface;
use super::kernel::kernel;
use super::stage::{from_mut, function, offset};
use crate::program::{Head, Program, QueryStage};
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
        let mut stages = program.queries().peekable();
        stages.peek()?;
        if stages.any(|stage| stage.reads.is_some() || program.hides_queries(stage)) {
            return None;
        }
        Some(Self { program, interface, name: format_ident!("{}Latents", interface.name) })
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
        let Self { name, .. } = self;
        let outputs = (!self.program.queries_need_input()).then(|| {
            let (output, result) = (self.interface.output_type(), self.interface.result(&quote!(self.net)));
            quote! {
                /// All outputs. They live in the model until the next call.
                pub fn outputs(&mut self) -> #output {
                    ::percio::isa::dispatch(__Decode { net: self.net });
                    #result
                }
            }
        });
        let heads = self.heads();
        let methods = heads.iter().map(|(stage, head)| self.methods(stage, head));
        let kernels = heads.iter().map(|(stage, head)| self.kernel(stage, head));
        quote! {
            impl #name<'_> {
                #(#methods)*

                #outputs
            }

            #(#kernels)*
        }
    }

    /// The head of each output, in one of the stages that it is part of.
    fn heads(&self) -> Vec<(&'a QueryStage, &'a Head)> {
        let of = |output| {
            let heads = self.program.queries().flat_map(|stage| stage.heads.iter().map(move |head| (stage, head)));
            heads.into_iter().find(|(_, head)| head.output == output)
        };
        (0..self.program.outputs.len()).filter_map(of).collect()
    }

    fn methods(&self, stage: &QueryStage, head: &Head) -> TokenStream {
        let output = &self.program.outputs[head.output];
        let (decode, each) = match self.program.outputs.as_slice() {
            [_] => (format_ident!("decode"), format_ident!("decode_each")),
            _ => (format_ident!("decode_{}", output.name), format_ident!("decode_each_{}", output.name)),
        };
        let kernel = kernel_name(head.output);
        let [rows, last, width, tile] =
            [output.rows, output.rows.saturating_sub(1), output.width, stage.tile].map(Literal::usize_unsuffixed);
        let numbers = self.interface.output_read(head.output, &quote!(self.net));
        let one = format!("Row `query` of `{}`, of {}; beyond the last, the last.", output.name, output.rows);
        let some = format!(
            "Calls `each` with the rows `queries` of `{}` and their indices; those from {} on are left out.",
            output.name, output.rows
        );
        quote! {
            #[doc = #one]
            pub fn #decode(&mut self, query: usize) -> &[f32; #width] {
                let row = ::core::cmp::Ord::min(query, #last);
                ::percio::isa::dispatch(#kernel { net: self.net, row, tile: 1 });
                #numbers.as_chunks().0.get(row).unwrap_or(&[0.0; #width])
            }

            #[doc = #some]
            ///
            /// Queries that follow each other are decoded together, as many at a time as is fast.
            pub fn #each(
                &mut self,
                queries: impl ::core::iter::IntoIterator<Item = usize>,
                mut each: impl ::core::ops::FnMut(usize, &[f32; #width]),
            ) {
                let queries = ::core::iter::IntoIterator::into_iter(queries).filter(|&query| query < #rows);
                for (row, tile) in ::percio::runs(queries, #tile) {
                    ::percio::isa::dispatch(#kernel { net: self.net, row, tile });
                    let rows = #numbers.as_chunks().0.iter().enumerate();
                    rows.skip(row).take(tile).for_each(|(query, out)| each(query, out));
                }
            }
        }
    }

    /// The kernel that decodes rows of one output.
    fn kernel(&self, stage: &QueryStage, head: &Head) -> TokenStream {
        let net = &self.interface.name;
        let (decode, steps) = (function("decode", &stage.decode), function("head", &head.steps));
        let numbers = self.interface.output_numbers(head.output);
        let (query, out) =
            (offset(quote!(row), head.first), from_mut(&numbers, quote!(row), self.program.outputs[head.output].width));
        let usize = quote!(usize);
        let fields = [
            (format_ident!("net"), quote!(&'a mut #net)),
            (format_ident!("row"), usize.clone()),
            (format_ident!("tile"), usize),
        ];
        let body = quote! {
            #decode(isa, &mut net.arena, &[], #query, tile);
            #steps(isa, &mut net.arena, tile, #out);
        };
        kernel(&kernel_name(head.output), &fields, &body)
    }
}

/// The name of the kernel that decodes rows of an output.
fn kernel_name(output: usize) -> Ident {
    format_ident!("__Decode{output}")
}
