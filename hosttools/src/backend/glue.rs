//! The code between a program's generated type and the bytes of a sample: `feed.rs` of a generated crate.
//!
//! `Feed` holds the inputs of one inference, so that they can lie in static memory; `outputs` hands out the numbers of
//! what `infer` returns. The generated type is `model::Net`.

use percio_codegen_core::program::{Input, InputKind, Output, Program};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

/// The code for `program`.
pub(super) fn feed(program: &Program) -> TokenStream {
    let (feed, outputs) =
        (if program.has_variable_length() { parts(program) } else { whole(program) }, outputs(program));
    quote! {
        use crate::model;
        use crate::sample::Bytes;
        #feed
        #outputs
    }
}

/// Only numbers: `Feed` holds what `infer` reads as it is.
fn whole(program: &Program) -> TokenStream {
    let shape = |input: &Input| match &input.kind {
        InputKind::Numbers { shape } => shape.clone(),
        InputKind::Ids { max, .. } | InputKind::Mask { max, .. } => vec![*max],
    };
    let (kind, empty, places) = match program.inputs.as_slice() {
        [input] => {
            let shape = shape(input);
            (nested(quote!(f32), &shape), nested(quote!(0.0), &shape), vec![flat(quote!(self.input), &shape)])
        }
        inputs => {
            let names = inputs.iter().map(|input| field(&input.name));
            let zeros = inputs.iter().map(|input| nested(quote!(0.0), &shape(input)));
            let place = |input: &Input| {
                let name = field(&input.name);
                flat(quote!(self.input.#name), &shape(input))
            };
            let empty = quote!(model::NetInput { #(#names: #zeros,)* });
            (quote!(model::NetInput), empty, inputs.iter().map(place).collect())
        }
    };
    quote! {
        pub struct Feed {
            input: #kind,
        }

        impl Feed {
            pub const EMPTY: Self = Self { input: #empty };

            pub fn read(&mut self, bytes: &mut Bytes<'_>) {
                #(bytes.numbers(#places);)*
            }

            pub fn infer<'n>(&self, net: &'n mut model::Net) -> <model::Net as ::percio::Model>::Output<'n> {
                net.infer(&self.input)
            }
        }
    }
}

/// Ids and perhaps their mask, of which there may be fewer than `Feed` has room for.
fn parts(program: &Program) -> TokenStream {
    let names: Vec<Ident> = program.inputs.iter().map(|input| field(&input.name)).collect();
    let counts: Vec<Ident> = program.inputs.iter().map(|input| format_ident!("count_of_{}", input.name)).collect();
    let (mut kinds, mut empties, mut readers) = (Vec::new(), Vec::new(), Vec::new());
    for input in &program.inputs {
        let (kind, empty, reader, max) = match &input.kind {
            InputKind::Ids { max, .. } => (quote!(u32), quote!(0), format_ident!("ids"), max),
            InputKind::Mask { max, .. } => (quote!(bool), quote!(false), format_ident!("mask"), max),
            // Numbers beside ids do not exist: the type of the field then says so when the crate is built.
            InputKind::Numbers { .. } => (quote!(f32), quote!(0.0), format_ident!("numbers"), &0),
        };
        kinds.push(nested(kind, &[*max]));
        empties.push(nested(empty, &[*max]));
        readers.push(reader);
    }
    let slices: Vec<TokenStream> =
        names.iter().zip(&counts).map(|(name, count)| quote!(&self.#name[..self.#count])).collect();
    let input = match slices.as_slice() {
        [ids] => ids.clone(),
        _ => quote!(&model::NetInput { #(#names: #slices,)* }),
    };
    quote! {
        pub struct Feed {
            #(#names: #kinds, #counts: usize,)*
        }

        impl Feed {
            pub const EMPTY: Self = Self { #(#names: #empties, #counts: 0,)* };

            pub fn read(&mut self, bytes: &mut Bytes<'_>) {
                #(self.#counts = bytes.#readers(&mut self.#names);)*
            }

            pub fn infer<'n>(&self, net: &'n mut model::Net) -> <model::Net as ::percio::Model>::Output<'n> {
                net.infer(#input)
            }
        }
    }
}

fn outputs(program: &Program) -> TokenStream {
    let slice = |place: TokenStream, output: &Output| {
        let flatten = (1..output.shape().len()).map(|_| quote!(.as_flattened()));
        quote!(each(#place #(#flatten)*);)
    };
    let calls: Vec<TokenStream> = match program.outputs.as_slice() {
        [output] => vec![slice(quote!(outputs), output)],
        outputs => {
            let place = |output: &Output| {
                let name = field(&output.name);
                slice(quote!(outputs.#name), output)
            };
            outputs.iter().map(place).collect()
        }
    };
    quote! {
        pub fn outputs(outputs: <model::Net as ::percio::Model>::Output<'_>, each: &mut dyn FnMut(&[f32])) {
            #(#calls)*
        }
    }
}

/// The name of a field; raw, so that it may be a keyword.
fn field(name: &str) -> Ident {
    format_ident!("r#{name}")
}

/// `[[element; 3]; 200]` for `[200, 3]`
fn nested(element: TokenStream, shape: &[usize]) -> TokenStream {
    shape.iter().rev().fold(element, |inner, &length| {
        let length = Literal::usize_unsuffixed(length);
        quote!([#inner; #length])
    })
}

/// All numbers of an array of arrays, to be written.
fn flat(array: TokenStream, shape: &[usize]) -> TokenStream {
    let flatten = (1..shape.len()).map(|_| quote!(.as_flattened_mut()));
    quote!((&mut #array) #(#flatten)*)
}
