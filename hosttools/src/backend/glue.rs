//! The code between a program's generated type and the bytes of a sample: `feed.rs` of a generated crate.
//!
//! `Feed` holds the inputs of one inference, so that they can lie in static memory; `outputs` hands out the numbers of
//! what `infer` returns. The generated type is `model::Net`.

use percio_codegen_core::program::{Input, InputKind, Output, Program};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

/// The code for `program`.
pub(super) fn feed(program: &Program) -> TokenStream {
    let (feed, outputs) = (if program.borrows_inputs() { parts(program) } else { whole(program) }, outputs(program));
    quote! {
        use crate::model;
        use crate::sample::Bytes;
        #feed
        #outputs
    }
}

/// Nothing is borrowed: `Feed` holds what `infer` reads as it is.
fn whole(program: &Program) -> TokenStream {
    let (kind, empty, reads) = match program.inputs.as_slice() {
        [input] => {
            let Room { element, zero, shape, .. } = Room::of(input);
            (nested(element, &shape), nested(zero, &shape), vec![read(input, &quote!(self.input))])
        }
        inputs => {
            let zeros = inputs.iter().map(|input| {
                let (name, Room { zero, shape, .. }) = (field(&input.name), Room::of(input));
                let zeros = nested(zero, &shape);
                quote!(#name: #zeros)
            });
            let empty = quote!(model::NetInput { #(#zeros,)* });
            let reads = inputs.iter().map(|input| {
                let name = field(&input.name);
                read(input, &quote!(self.input.#name))
            });
            (quote!(model::NetInput), empty, reads.collect())
        }
    };
    quote! {
        pub struct Feed {
            input: #kind,
        }

        impl Feed {
            pub const EMPTY: Self = Self { input: #empty };

            pub fn read(&mut self, bytes: &mut Bytes<'_>) {
                #(#reads;)*
            }

            pub fn infer<'n>(&self, net: &'n mut model::Net) -> <model::Net as ::percio::Model>::Output<'n> {
                net.infer(&self.input)
            }
        }
    }
}

/// Inputs that `infer` borrows; of ids and masks there may be fewer than `Feed` has room for.
fn parts(program: &Program) -> TokenStream {
    let (mut fields, mut empties, mut readers, mut borrows) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for input in &program.inputs {
        let (name, count) = (field(&input.name), format_ident!("count_of_{}", plain(&input.name)));
        let Room { element, zero, shape, varies } = Room::of(input);
        let (kind, empty) = (nested(element, &shape), nested(zero, &shape));
        fields.push(quote!(#name: #kind, #count: usize));
        empties.push(quote!(#name: #empty, #count: 0));
        let reader = read(input, &quote!(self.#name));
        readers.push(if varies { quote!(self.#count = #reader) } else { reader });
        let borrow = match input.kind {
            InputKind::Prefix { .. } => quote!(self.#name),
            _ if varies => quote!(&self.#name[..self.#count]),
            _ => quote!(&self.#name),
        };
        borrows.push((name, borrow));
    }
    let input = match borrows.as_slice() {
        [(_, ids)] => ids.clone(),
        _ => {
            let borrows = borrows.iter().map(|(name, borrow)| quote!(#name: #borrow));
            quote!(&model::NetInput { #(#borrows,)* })
        }
    };
    quote! {
        pub struct Feed {
            #(#fields,)*
        }

        impl Feed {
            pub const EMPTY: Self = Self { #(#empties,)* };

            pub fn read(&mut self, bytes: &mut Bytes<'_>) {
                #(#readers;)*
            }

            pub fn infer<'n>(&self, net: &'n mut model::Net) -> <model::Net as ::percio::Model>::Output<'n> {
                net.infer(#input)
            }
        }
    }
}

/// The memory of an input.
struct Room {
    element: TokenStream,
    zero: TokenStream,
    shape: Vec<usize>,
    /// Whether a sample may need less of it.
    varies: bool,
}

impl Room {
    fn of(input: &Input) -> Self {
        let (element, zero, shape, varies) = match &input.kind {
            InputKind::Numbers { shape } => (quote!(f32), quote!(0.0), shape.clone(), false),
            InputKind::Points { count, .. } => (quote!(u32), quote!(0), vec![*count], false),
            InputKind::Ids { max, .. } => (quote!(u32), quote!(0), vec![*max], true),
            InputKind::Mask { max, .. } => (quote!(bool), quote!(false), vec![*max], true),
            InputKind::Prefix { .. } => (quote!(usize), quote!(0), vec![], false),
        };
        Self { element, zero, shape, varies }
    }
}

/// The call that fills the memory `place` of an input.
fn read(input: &Input, place: &TokenStream) -> TokenStream {
    match &input.kind {
        InputKind::Numbers { shape } => {
            let place = flat(place.clone(), shape);
            quote!(bytes.numbers(#place))
        }
        InputKind::Points { .. } => quote!(bytes.points(&mut #place)),
        InputKind::Ids { .. } => quote!(bytes.ids(&mut #place)),
        InputKind::Mask { .. } => quote!(bytes.mask(&mut #place)),
        InputKind::Prefix { .. } => quote!(#place = bytes.count()),
    }
}

fn outputs(program: &Program) -> TokenStream {
    let slice = |place: TokenStream, output: &Output| {
        let axes = if output.has_variable_length() { 2 } else { output.shape().len() };
        let flatten = (1..axes).map(|_| quote!(.as_flattened()));
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
    format_ident!("r#{}", plain(name))
}

/// The name with underscores for points.
fn plain(name: &str) -> String {
    name.replace('.', "_")
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
