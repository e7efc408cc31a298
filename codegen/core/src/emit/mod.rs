//! Program to Rust: a type, its constants and one call of `percio::layers` a step.
//!
//! Emitted code names only `::percio` and `::core`, holds no `unsafe`, no `Result` and no panic path, and carries its
//! weights as one byte string.

mod generator;
mod interface;
mod kernel;
mod latents;
mod query;
mod run;
mod shape;
mod stage;
mod step;
mod stream;

use crate::program::Program;
use generator::Generator;
use interface::Interface;
use latents::Latents;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;
use std::path::PathBuf;
use stream::Encoder;

/// How to write a program down.
#[derive(Clone, Debug)]
pub struct EmitOptions {
    /// The type's name.
    pub name: String,
    /// The type's visibility and attributes, documentation included; empty for `pub` with the model's summary.
    pub header: Header,
    /// Where the weights are.
    pub blob: BlobSource,
    /// Files whose change must rebuild the code.
    pub tracked: Vec<PathBuf>,
}

/// What precedes `struct`.
#[derive(Clone, Debug, Default)]
pub struct Header {
    /// `#[…]`, `/// …`
    pub attributes: TokenStream,
    /// `pub`, …
    pub visibility: TokenStream,
}

/// Where the weights are.
#[derive(Clone, Debug)]
pub enum BlobSource {
    /// In the code, as one byte string.
    Literal,
    /// In a file that holds [`Program::blob`].
    File(PathBuf),
}

impl EmitOptions {
    /// A `pub` type called `name`, weights in the code.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let header = Header { attributes: TokenStream::new(), visibility: quote!(pub) };
        Self { name: name.into(), header, blob: BlobSource::Literal, tracked: Vec::new() }
    }
}

/// The Rust code of `program`.
#[must_use]
pub fn emit(program: &Program, options: &EmitOptions) -> TokenStream {
    let interface = Interface::new(program, &options.name);
    let (name, types) = (&interface.name, interface.types(&options.header));
    let tracked = options.tracked.iter().map(|path| {
        let path = path.to_string_lossy();
        quote!(
            const _: &[u8] = ::core::include_bytes!(#path);
        )
    });
    let (weights, constants, associated) = (weights(program, &options.blob), constants(program), associated(program));
    let (constructor, model) = (interface.constructor(), interface.model_impl(&associated));
    let (latents, stream) = (Latents::new(program, &interface), Encoder::new(program, &interface));
    let visibility = &options.header.visibility;
    let latents_type = latents.as_ref().map(|latents| latents.types(visibility));
    let stream_types = stream.as_ref().map(|stream| stream.types(visibility));
    let generator = Generator::new(program, &interface);
    let generator_type = generator.as_ref().map(|generator| generator.types(&options.header));
    let generator = generator.map_or_else(|| generator::absent(program, &interface), |generator| generator.items());
    let (kernels, functions) = (run::kernels(program, &interface), stage::functions(program, &interface));
    let infer = program.keeps_outputs.then(|| run::infer(program, &interface));
    let later = run::later(program, &interface, latents, stream);
    let labels = interface.labels();
    let ram = Literal::usize_unsuffixed(program.ram_bytes());
    quote! {
        #types
        #latents_type
        #stream_types
        #generator_type

        const _: () = {
            #(#tracked)*
            #weights

            impl #name {
                #constants
                #labels
                #constructor
                #infer
            }

            const _: () = ::core::assert!(::core::mem::size_of::<#name>() == #ram, "the plan and the type disagree");

            impl ::core::default::Default for #name {
                fn default() -> Self {
                    Self::new()
                }
            }

            #model
            #later
            #kernels
            #functions
            #generator
        };
    }
}

fn weights(program: &Program, source: &BlobSource) -> TokenStream {
    let len = Literal::usize_unsuffixed(program.blob.len());
    let bytes = match source {
        BlobSource::Literal => {
            let bytes = Literal::byte_string(&program.blob);
            quote!(#bytes)
        }
        BlobSource::File(path) => {
            let path = path.to_string_lossy();
            quote!(::core::include_bytes!(#path))
        }
    };
    quote!(static WEIGHTS: ::percio::Blob<#len> = ::percio::Blob::new(*#bytes);)
}

/// Name, documentation, type and value of every figure.
fn figures(program: &Program) -> Vec<(Ident, &'static str, TokenStream, TokenStream)> {
    let ident = |name| Ident::new(name, Span::call_site());
    let usize = |value| Literal::usize_unsuffixed(value);
    let (name, flash) = (&program.name, usize(program.flash_bytes()));
    let (macs, parameters) = (Literal::u64_unsuffixed(program.macs()), Literal::u64_unsuffixed(program.parameters));
    let checksum = Literal::u32_unsuffixed(percio_format::crc32(&program.blob));
    vec![
        (ident("NAME"), "The model's name.", quote!(&'static str), quote!(#name)),
        (
            ident("RAM_BYTES"),
            "Bytes of RAM: the size of this type.",
            quote!(usize),
            quote!(::core::mem::size_of::<Self>()),
        ),
        (
            ident("FLASH_BYTES"),
            "Bytes of weights and tables in flash (code not counted).",
            quote!(usize),
            quote!(#flash),
        ),
        (ident("MACS"), "Multiply-accumulate operations of one inference.", quote!(u64), quote!(#macs)),
        (ident("PARAMETERS"), "Trained parameters in the checkpoint.", quote!(u64), quote!(#parameters)),
        (ident("CHECKSUM"), "CRC-32 of the weights in flash.", quote!(u32), quote!(#checksum)),
    ]
}

/// The figures as constants of the type.
fn constants(program: &Program) -> TokenStream {
    let figures = figures(program);
    let figures = figures.iter().map(|(name, doc, kind, value)| quote!(#[doc = #doc] pub const #name: #kind = #value;));
    let tokens = Literal::usize_unsuffixed(program.max_tokens);
    quote! {
        #(#figures)*
        /// Most tokens that reach the encoder.
        pub const TOKENS: usize = #tokens;
        /// The weights in flash, to be checked against [`Self::CHECKSUM`].
        pub const fn weights() -> &'static [u8] {
            WEIGHTS.bytes()
        }
    }
}

/// The figures as constants of the trait.
fn associated(program: &Program) -> TokenStream {
    figures(program).iter().map(|(name, _, kind, value)| quote!(const #name: #kind = #value;)).collect()
}
