//! A sequence token by token: the generator that continues it.

use super::Header;
use super::interface::Interface;
use super::kernel::kernel;
use super::step::{Scope, Writer};
use crate::program::{Generation, Moves, Program};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use std::ops::Range;

/// Code that continues sequences of one program.
pub(super) struct Generator<'a> {
    generation: &'a Generation,
    interface: &'a Interface<'a>,
    /// Bytes of weights and tables of the model.
    flash: usize,
    /// The type that a user sees.
    name: Ident,
}

impl<'a> Generator<'a> {
    /// For a program that can go on token by token.
    pub(super) fn new(program: &'a Program, interface: &'a Interface<'a>) -> Option<Self> {
        let generation = program.generation.as_ref().ok()?;
        let name = format_ident!("{}Generator", interface.name);
        Some(Self { generation, interface, flash: program.flash_bytes(), name })
    }

    /// The type that a user sees.
    pub(super) fn types(&self, header: &Header) -> TokenStream {
        let (Self { name, interface: Interface { name: net, .. }, .. }, visibility) = (self, &header.visibility);
        let [arena, ids, width] = self.lengths();
        let doc = format!("Continues sequences with [`{net}`], a token at a time.");
        quote! {
            #[doc = #doc]
            ///
            /// It needs no instance of the model: `size_of` of it is all the RAM that it takes. Keys and values of earlier tokens
            /// stay in it, as far as a later token leaves them as they were; what it does not, is computed again. So the
            /// likelihoods of an id are those of the model on the whole sequence, but for roundings.
            #visibility struct #name {
                arena: ::percio::Arena<#arena>,
                sequence: ::percio::sequence::Sequence<#ids>,
                logits: [f32; #width],
            }
        }
    }

    /// Its methods, and the kernel behind them.
    pub(super) fn items(&self) -> TokenStream {
        let Self { name, generation, interface: Interface { name: net, .. }, .. } = self;
        let [.., width] = self.lengths();
        let (ram, constants) = (Literal::usize_unsuffixed(generation.ram_bytes()), self.constants());
        let (tail, begin, trait_impl, kernels) = (self.tail(), self.begin(), self.trait_impl(), self.kernels());
        let (until, ends) = self.end();
        quote! {
            impl #net {
                /// What continues sequences, before the first of them.
                #[must_use]
                pub const fn generator() -> #name {
                    #name::new()
                }
            }

            impl #name {
                #constants
                const TAIL: ::percio::sequence::Tail = #tail;

                /// A generator without a sequence, its memory zeroed; the weights stay in flash.
                #[must_use]
                pub const fn new() -> Self {
                    Self {
                        arena: ::percio::Arena::new(),
                        sequence: ::percio::sequence::Sequence::new(),
                        logits: [0.0; #width],
                    }
                }

                #begin

                /// Adds an id: the likelihoods of the one after it, as logits.
                pub fn push(&mut self, id: u32) -> &[f32; #width] {
                    #ends
                    self.sequence.push(id);
                    ::percio::isa::dispatch(__Grow { net: self });
                    &self.logits
                }

                /// The likelihoods of the next id, as logits; zeros before a sequence begins.
                #[must_use]
                pub const fn logits(&self) -> &[f32; #width] {
                    &self.logits
                }

                /// Tokens of the sequence, those that are no longer read included.
                #[must_use]
                pub const fn len(&self) -> u64 {
                    self.sequence.len()
                }

                /// Whether no sequence has begun.
                #[must_use]
                pub const fn is_empty(&self) -> bool {
                    self.sequence.is_empty()
                }

                fn start(&mut self, prompt: &[u32], asked: impl ::core::ops::FnOnce(usize) -> usize) -> &[f32; #width] {
                    #until
                    self.sequence.begin(prompt, asked);
                    self.logits = [0.0; #width];
                    if !prompt.is_empty() {
                        ::percio::isa::dispatch(__Grow { net: self });
                    }
                    &self.logits
                }
            }

            const _: () = ::core::assert!(::core::mem::size_of::<#name>() == #ram, "the plan and the type disagree");

            impl ::core::default::Default for #name {
                fn default() -> Self {
                    Self::new()
                }
            }

            #trait_impl
            #kernels
        }
    }

    /// The figures as constants of the type.
    fn constants(&self) -> TokenStream {
        let (generation, [_, tokens, _]) = (self.generation, self.lengths());
        let usize = Literal::usize_unsuffixed;
        let [latents, fewest, vocabulary] = [generation.latents, generation.fewest(), generation.vocabulary].map(usize);
        let flash = usize(self.flash + 8 * self.phases());
        let [macs, most_macs] =
            [generation.macs_per_token(), generation.most_macs_per_token()].map(Literal::u64_unsuffixed);
        let end = match generation.end.map(Literal::u32_unsuffixed) {
            Some(end) => quote!(::core::option::Option::Some(#end)),
            None => quote!(::core::option::Option::None),
        };
        quote! {
            /// Bytes of RAM: the size of this type.
            pub const RAM_BYTES: usize = ::core::mem::size_of::<Self>();
            /// Bytes of weights and tables in flash (code not counted); those of the model are among them.
            pub const FLASH_BYTES: usize = #flash;
            /// Most tokens that are read: the last ones.
            pub const TOKENS: usize = #tokens;
            /// Most of them that are latents: the last ones.
            pub const LATENTS: usize = #latents;
            /// The fewest ids that a sequence begins with as the source would have it.
            pub const FEWEST: usize = #fewest;
            /// Ids are below this; another one counts as a token of zeros.
            pub const VOCABULARY: usize = #vocabulary;
            /// The id that ends a sequence: it is never part of one.
            pub const END: ::core::option::Option<u32> = #end;
            /// Multiply-accumulate operations of a token while latents are added, at most.
            pub const MACS_PER_TOKEN: u64 = #macs;
            /// Those of any token, at most: once there are as many latents as can be, all of them are computed again.
            pub const MOST_MACS_PER_TOKEN: u64 = #most_macs;
        }
    }

    /// Numbers of the arena, ids that are kept, logits.
    fn lengths(&self) -> [Literal; 3] {
        let Generation { program, tokens, .. } = self.generation;
        [program.arena_len, *tokens, self.generation.output().width].map(Literal::usize_unsuffixed)
    }

    /// Phases in code.
    fn phases(&self) -> usize {
        let steps = self.generation.program.steps.iter();
        steps.map(|step| if let crate::program::Step::Turn { steps, .. } = step { steps.len() } else { 0 }).sum()
    }

    fn tail(&self) -> TokenStream {
        let Generation { tokens, latents, moves, .. } = *self.generation;
        let [tokens, latents] = [tokens, latents].map(Literal::usize_unsuffixed);
        let moves = match moves {
            Moves::Never => quote!(Never),
            Moves::WhenFull => quote!(WhenFull),
            Moves::Always => quote!(Always),
        };
        quote! {
            ::percio::sequence::Tail { tokens: #tokens, latents: #latents, moves: ::percio::sequence::Moves::#moves }
        }
    }

    /// The methods that begin a sequence.
    fn begin(&self) -> TokenStream {
        let [_, _, width] = self.lengths();
        let doc = "Begins a sequence with the last [`TOKENS`](Self::TOKENS) ids of `prompt`: the likelihoods of the next id, as logits.";
        match self.generation.prefix.map(Literal::usize_unsuffixed) {
            Some(prefix) => quote! {
                #[doc = #doc]
                pub fn begin(&mut self, prompt: &[u32]) -> &[f32; #width] {
                    self.start(prompt, |_| #prefix)
                }
            },
            None => quote! {
                #[doc = #doc]
                ///
                /// As few of them as can be are latents: one where there is room for more.
                pub fn begin(&mut self, prompt: &[u32]) -> &[f32; #width] {
                    self.begin_with(prompt, 1)
                }

                /// [`begin`](Self::begin), with the last `latents` ids as latents; as many as can be, or as few, where that
                /// is more, or less.
                pub fn begin_with(&mut self, prompt: &[u32], latents: usize) -> &[f32; #width] {
                    self.start(prompt, |count| Self::TAIL.asked(count, latents))
                }
            },
        }
    }

    /// What is done about the id that ends a sequence: in a prompt, and where it is pushed.
    fn end(&self) -> (TokenStream, TokenStream) {
        let Some(end) = self.generation.end.map(Literal::u32_unsuffixed) else { return Default::default() };
        let until = quote!(let prompt = prompt.get(..::percio::lengths::until(prompt, #end)).unwrap_or_default(););
        let ends = quote! {
            if id == #end {
                return &self.logits;
            }
        };
        (until, ends)
    }

    fn trait_impl(&self) -> TokenStream {
        let name = &self.name;
        let constants = [
            ("RAM_BYTES", quote!(usize)),
            ("FLASH_BYTES", quote!(usize)),
            ("TOKENS", quote!(usize)),
            ("VOCABULARY", quote!(usize)),
            ("END", quote!(::core::option::Option<u32>)),
            ("MACS_PER_TOKEN", quote!(u64)),
            ("MOST_MACS_PER_TOKEN", quote!(u64)),
        ];
        let constants = constants.into_iter().map(|(constant, kind)| {
            let constant = format_ident!("{constant}");
            quote!(const #constant: #kind = Self::#constant;)
        });
        quote! {
            impl ::percio::Generator for #name {
                #(#constants)*

                fn begin(&mut self, prompt: &[u32]) -> &[f32] {
                    Self::begin(self, prompt)
                }

                fn push(&mut self, id: u32) -> &[f32] {
                    Self::push(self, id)
                }
            }
        }
    }

    /// What a token takes: the sections of steps, and how they follow each other.
    fn kernels(&self) -> TokenStream {
        let (Self { name, generation, .. }, [arena, ..]) = (self, self.lengths());
        let writer = Writer { program: &generation.program, interface: self.interface, scope: Scope::Tile, tile: None };
        let section = |name: &str, steps: &Range<usize>, operands: TokenStream| {
            let (name, steps) = (format_ident!("{name}"), writer.steps(steps.clone()));
            quote! {
                #[allow(unused_variables, clippy::single_range_in_vec_init, reason = "steps differ in what they need")]
                fn #name<I: ::percio::isa::Isa>(isa: I, arena: &mut ::percio::Arena<#arena>, #operands) {
                    #steps
                }
            }
        };
        let piece = quote! {
            input: &[u32],
            ::percio::sequence::Piece { place, tile, row, tokens, prefix, latents }: ::percio::sequence::Piece
        };
        let read = section("read_tokens", &generation.read, piece.clone());
        let advance = section("advance_latents", &generation.advance, piece);
        let head = section("likelihoods", &generation.head, quote!(tile: usize, out: &mut [f32]));
        let tile = Literal::usize_unsuffixed(generation.tile);
        let body = quote! {
            let work = net.sequence.work(&#name::TAIL);
            for piece in work.read(#tile) {
                let ids: [u32; #tile] = net.sequence.ids(&piece);
                read_tokens(isa, &mut net.arena, &ids, piece);
            }
            for piece in work.advance(#tile) {
                let ids: [u32; #tile] = net.sequence.ids(&piece);
                advance_latents(isa, &mut net.arena, &ids, piece);
            }
            likelihoods(isa, &mut net.arena, 1, &mut net.logits);
        };
        let grow = kernel(&format_ident!("__Grow"), &[(format_ident!("net"), quote!(&'a mut #name))], &body);
        quote!(#read #advance #head #grow)
    }
}

/// In place of `generator`, where a model continues no sequence: a function that says why when it is called.
pub(super) fn absent(program: &Program, interface: &Interface<'_>) -> TokenStream {
    let Err(reason) = &program.generation else { return TokenStream::new() };
    let net = &interface.name;
    let message = format!("`{net}` cannot go on token by token");
    let doc = format!("Not for this model: {reason}.");
    quote! {
        #[diagnostic::on_unimplemented(message = #message, label = "this model has no generator", note = #reason)]
        trait __Continues<'n> {}

        #[allow(private_bounds, reason = "nothing implements it")]
        impl #net {
            #[doc = #doc]
            pub fn generator<'n>()
            where
                Self: __Continues<'n>,
            {
            }
        }
    }
}
