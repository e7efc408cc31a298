//! The ways to run a model: at once, in two parts with its latents between, token by token.

use super::interface::Interface;
use super::kernel::kernel;
use super::latents::Latents;
use super::stage;
use super::stream::{self, Encoder};
use crate::program::{Output, Program};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The kernels of both parts of a run: up to the latents, and all queries.
pub(super) fn kernels(program: &Program, interface: &Interface<'_>) -> TokenStream {
    let (net, input) = (&interface.name, interface.input_type_with(quote!('a)));
    let fields: [(Ident, TokenStream); 2] =
        [(format_ident!("net"), quote!(&'a mut #net)), (format_ident!("input"), quote!(&'a #input))];
    let encode = kernel(&format_ident!("__Encode"), &fields, &stage::encode(program, interface));
    let fields = if program.queries_need_input() { fields.as_slice() } else { &fields[..1] };
    let mut kept = program.queries().filter(|_| program.keeps_outputs);
    let decode = kept.next().map(|_| kernel(&format_ident!("__Decode"), fields, &stage::decode(program, interface)));
    quote!(#encode #decode)
}

/// The method `infer`.
pub(super) fn infer(program: &Program, interface: &Interface<'_>) -> TokenStream {
    let decode = program.queries().next().map(|_| {
        let input = program.queries_need_input().then(|| quote!(, input));
        quote!(::percio::isa::dispatch(__Decode { net: self #input });)
    });
    let has_variable_output = program.outputs.iter().any(Output::has_variable_length);
    let lengths = has_variable_output.then(|| stage::lengths(program, interface));
    let (input, output, result) = (interface.input_type(), interface.output_type(), interface.result(&quote!(self)));
    quote! {
        /// Runs the model once. The result lives in the model until the next call.
        pub fn infer(&mut self, input: &#input) -> #output {
            ::percio::isa::dispatch(__Encode { net: self, input });
            #decode
            #lengths
            #result
        }
    }
}

/// The ways to run it beside `infer`.
pub(super) fn later(
    program: &Program,
    interface: &Interface<'_>,
    latents: Option<Latents<'_>>,
    stream: Option<Encoder<'_>>,
) -> TokenStream {
    let (net, input) = (&interface.name, interface.input_type());
    let (finished, finish) = match &latents {
        Some(Latents { name, .. }) => (quote!(#name<'n>), quote!(#name { net: self.net })),
        None => (interface.output_type_with(quote!('n)), interface.result(&quote!(self.net))),
    };
    let latents = latents.map(|latents| {
        let (name, items) = (&latents.name, latents.items());
        quote! {
            impl #net {
                /// Makes the latents of an input, to be asked one query at a time.
                pub fn encode(&mut self, input: &#input) -> #name<'_> {
                    ::percio::isa::dispatch(__Encode { net: self, input });
                    #name { net: self }
                }
            }

            #items
        }
    });
    let encoder = stream.map(|stream| {
        let (methods, items) = (stream.methods(), stream.items(&finished, &finish));
        quote! {
            impl #net {
                #methods
            }

            #items
        }
    });
    let absent = stream::absent(program, interface);
    quote!(#latents #encoder #absent)
}
