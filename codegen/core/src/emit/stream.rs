//! Tokens as they arrive: the encoder that takes them, and the state that it can be stopped in.

use super::interface::{Interface, nested};
use super::kernel::kernel;
use super::shape::gather_shape;
use super::stage::{element, from, function, once, token_tiles};
use crate::program::{Count, Positions, Program, Stream, TokenStage};

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

/// Code about the tokens of one program.
pub(super) struct Encoder<'a> {
    program: &'a Program,
    interface: &'a Interface<'a>,
    stream: Stream<'a>,
    /// The type that takes tokens.
    name: Ident,
    /// The type of its state.
    state: Ident,
}

impl<'a> Encoder<'a> {
    /// For a program whose tokens may arrive one at a time.
    pub(super) fn new(program: &'a Program, interface: &'a Interface<'a>) -> Option<Self> {
        let (name, state) = (format_ident!("{}Encoder", interface.name), format_ident!("{}State", interface.name));
        Some(Self { program, interface, stream: program.stream()?, name, state })
    }

    /// The types that a user sees.
    pub(super) fn types(&self, visibility: &TokenStream) -> TokenStream {
        let Self { name, state, interface: Interface { name: net, .. }, .. } = self;
        let (inputs, numbers) = (self.inputs(), self.numbers());
        let encoder_doc = format!("Takes the tokens of [`{net}`] as they arrive.");
        let state_doc = format!("What a [`{name}`] has gathered so far.");
        quote! {
            #[doc = #encoder_doc]
            ///
            /// Tokens are not kept: each is gathered into the latents when it comes. They count as attended to; one that a mask
            /// would leave out is not pushed. The result depends on the order of tokens, and on how they are divided over
            /// calls, by roundings alone: chunks of the same sizes give the same bits, and a whole input that is pushed as one
            /// chunk an input gives those of `infer`.
            #visibility struct #name<'n> {
                net: &'n mut #net,
                /// For each input, where its next token stands.
                next: [u32; #inputs],
            }

            #[doc = #state_doc]
            #[derive(Clone, Debug, PartialEq)]
            #visibility struct #state(::percio::State<#numbers, #inputs>);
        }
    }

    /// What the model's own type offers.
    pub(super) fn methods(&self) -> TokenStream {
        let Self { name, state, .. } = self;
        let (inputs, numbers) = (self.inputs(), self.state_numbers(quote!(self.arena), true));
        let macs = Literal::u64_unsuffixed(self.stream.macs_per_token(self.program));
        quote! {
            /// Multiply-accumulate operations of a token that is pushed: the most of any input's.
            pub const MACS_PER_TOKEN: u64 = #macs;

            /// Begins an inference whose tokens arrive one at a time.
            pub fn encoder(&mut self) -> #name<'_> {
                ::percio::isa::dispatch(__Begin { net: self });
                #name { net: self, next: [0; #inputs] }
            }

            /// Goes on from where `state` was taken.
            pub fn resume(&mut self, state: &#state) -> #name<'_> {
                ::percio::isa::dispatch(__Begin { net: self });
                #numbers.iter_mut().zip(&state.0.numbers).for_each(|(to, &from)| *to = from);
                #name { net: self, next: state.0.next }
            }
        }
    }

    /// The methods of the types, and the kernels behind them.
    pub(super) fn items(&self, finished: &TokenStream, finish: &TokenStream) -> TokenStream {
        let Self { name, interface: Interface { name: net, .. }, .. } = self;
        let pushes = self.stream.tokens.iter().enumerate().map(|(index, stage)| self.pushes(index, stage));
        let state = self.state_methods();
        let arrivals = self.stream.tokens.iter().enumerate().map(|(index, stage)| self.arrival(index, stage));
        let of_net = [(format_ident!("net"), quote!(&'a mut #net))];
        let begin = kernel(&format_ident!("__Begin"), &of_net, &once(&self.stream.begin));
        let constant = self.stream.constant.iter().map(|stage| token_tiles(self.program, self.interface, stage));
        let finish_steps = once(&self.stream.finish);
        let end = kernel(&format_ident!("__Finish"), &of_net, &quote!(#(#constant)* #finish_steps));
        quote! {
            impl<'n> #name<'n> {
                #(#pushes)*

                /// Ends the input.
                pub fn finish(self) -> #finished {
                    ::percio::isa::dispatch(__Finish { net: self.net });
                    #finish
                }
            }

            #state
            #begin
            #end
            #(#arrivals)*
        }
    }

    /// The methods that take tokens of one input.
    fn pushes(&self, index: usize, stage: &TokenStage) -> TokenStream {
        let name = self.input_name(stage);
        let [push, at, chunk] = ["", "_at", "_chunk"].map(|suffix| self.method("push", name, suffix));
        let remaining = self.method("remaining", name, "");
        let (kernel, index) = (arrival_name(index), Literal::usize_unsuffixed(index));
        let positions = positions(stage.positions);
        let token = nested(element(self.program, stage.input), &stage.shape);
        let (argument, one) = if stage.shape.is_empty() {
            (token.clone(), quote!(::core::slice::from_ref(&token)))
        } else {
            (quote!(&#token), quote!(::core::slice::from_ref(token)))
        };
        let flatten = stage.shape.iter().map(|_| quote!(.as_flattened()));
        let what = format!("{} of `{name}`", if stage.shape.is_empty() { "id" } else { "token" });
        let docs = [
            format!("Takes the next {what}."),
            format!("Takes a chunk of which the first {what} stands at `position`; the next one comes after it."),
            format!("Takes the next {what}, and those that follow: as many at a time as is fast."),
            format!("How many more tokens of `{name}` are read."),
        ];
        let [push_doc, at_doc, chunk_doc, remaining_doc] = &docs;
        quote! {
            #[doc = #push_doc]
            pub fn #push(&mut self, token: #argument) {
                self.#chunk(#one);
            }

            #[doc = #at_doc]
            pub fn #at(&mut self, position: u32, tokens: &[#token]) {
                self.next[#index] = position;
                self.#chunk(tokens);
            }

            #[doc = #chunk_doc]
            pub fn #chunk(&mut self, tokens: &[#token]) {
                let first = self.next[#index];
                ::percio::isa::dispatch(#kernel { net: self.net, input: tokens #(#flatten)*, first, count: tokens.len() });
                self.next[#index] = #positions.after(first, tokens.len());
            }

            #[doc = #remaining_doc]
            #[must_use]
            pub fn #remaining(&self) -> usize {
                #positions.room(self.next[#index])
            }
        }
    }

    /// The kernel that takes tokens of one input.
    fn arrival(&self, index: usize, stage: &TokenStage) -> TokenStream {
        let (net, element) = (&self.interface.name, element(self.program, stage.input));
        let (arriving, gather) = (function("tokens", &stage.arriving), function("gather", &stage.gather));
        let (positions, tile) = (positions(stage.positions), Literal::usize_unsuffixed(stage.tile));
        let input = from(&quote!(input), quote!(start), stage.shape.iter().product());
        let fields = [
            (format_ident!("net"), quote!(&'a mut #net)),
            (format_ident!("input"), quote!(&'a [#element])),
            (format_ident!("first"), quote!(u32)),
            (format_ident!("count"), quote!(usize)),
        ];
        let body = quote! {
            for (start, row, tile) in #positions.pieces(first, count, #tile) {
                #arriving(isa, &mut net.arena, #input, row, tile);
                #gather(isa, &mut net.arena, &[], row, tile);
            }
        };
        kernel(&arrival_name(index), &fields, &body)
    }

    /// Taking, merging and storing a state.
    fn state_methods(&self) -> TokenStream {
        let Self { name, state, interface: Interface { name: net, .. }, .. } = self;
        let bytes = Literal::usize_unsuffixed(4 * (1 + self.stream.tokens.len() + self.stream.shape.state_len()));
        let (numbers, target) =
            (self.state_numbers(quote!(self.net.arena), false), self.state_numbers(quote!(net.arena), true));
        let (count, shape) = (self.numbers(), gather_shape(&self.stream.shape, Count::NONE).finish());
        let fields = [(format_ident!("net"), quote!(&'a mut #net)), (format_ident!("other"), quote!(&'a [f32]))];
        let function = format_ident!("{}", if self.stream.shape.shares.is_some() { "merge_shares" } else { "merge" });
        let merge = kernel(
            &format_ident!("__Merge"),
            &fields,
            &quote!(::percio::layers::#function(isa, &#shape, other, #target)),
        );
        quote! {
            impl #name<'_> {
                /// What was gathered so far, to go on from later or elsewhere.
                #[must_use]
                pub fn state(&self) -> #state {
                    let mut numbers = [0.0; #count];
                    numbers.iter_mut().zip(#numbers).for_each(|(to, &from)| *to = from);
                    #state(::percio::State { next: self.next, numbers })
                }

                /// Adds what was gathered from other tokens. The next token comes after all of them.
                pub fn merge(&mut self, other: &#state) {
                    ::percio::isa::dispatch(__Merge { net: self.net, other: &other.0.numbers });
                    self.next.iter_mut().zip(other.0.next).for_each(|(next, other)| *next = other.max(*next));
                }
            }

            impl #state {
                /// Bytes of a state.
                pub const BYTES: usize = #bytes;

                /// The state, to be stored or sent.
                #[must_use]
                pub fn to_bytes(&self) -> [u8; Self::BYTES] {
                    self.0.to_bytes(#net::CHECKSUM)
                }

                /// The state in `bytes`; `None` when it is of a model with other weights.
                #[must_use]
                pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> ::core::option::Option<Self> {
                    ::core::option::Option::map(::percio::State::from_bytes(bytes, #net::CHECKSUM), Self)
                }
            }

            #merge
        }
    }

    /// The numbers of the state in the arena.
    fn state_numbers(&self, arena: TokenStream, to_write: bool) -> TokenStream {
        let start = self.program.buffers[self.stream.state.buffer].offset + self.stream.state.offset;
        let end = Literal::usize_unsuffixed(start + self.stream.state.len);
        let (start, method) = (Literal::usize_unsuffixed(start), if to_write { "numbers_mut" } else { "numbers" });
        let method = format_ident!("{method}");
        quote!(#arena.#method(#start..#end))
    }

    fn inputs(&self) -> Literal {
        Literal::usize_unsuffixed(self.stream.tokens.len())
    }

    fn numbers(&self) -> Literal {
        Literal::usize_unsuffixed(self.stream.shape.state_len())
    }

    /// The name of the input that tokens come from.
    fn input_name(&self, stage: &TokenStage) -> &str {
        stage.input.map_or("", |input| &self.program.inputs[input].name)
    }

    /// `push`, or `push_acceleration` where there are several inputs.
    fn method(&self, what: &str, input: &str, suffix: &str) -> Ident {
        match self.stream.tokens.as_slice() {
            [_] => format_ident!("{what}{suffix}"),
            _ => format_ident!("{what}_{input}{suffix}"),
        }
    }
}

/// In place of `encoder`, where tokens cannot arrive one at a time: a method that says why when it is called.
pub(super) fn absent(program: &Program, interface: &Interface<'_>) -> TokenStream {
    let Some(reason) = program.no_stream.as_ref().filter(|_| program.stream().is_none()) else {
        return TokenStream::new();
    };
    let net = &interface.name;
    let message = format!("the tokens of `{net}` cannot arrive one at a time");
    let doc = format!("Not for this model: {reason}.");
    quote! {
        #[diagnostic::on_unimplemented(message = #message, label = "this model has no encoder", note = #reason)]
        trait __Arrives<'n> {}

        #[allow(private_bounds, reason = "nothing implements it")]
        impl #net {
            #[doc = #doc]
            pub fn encoder<'n>(&'n mut self)
            where
                Self: __Arrives<'n>,
            {
            }
        }
    }
}

/// The name of the kernel that takes tokens of an input.
fn arrival_name(input: usize) -> Ident {
    format_ident!("__Arrive{input}")
}

fn positions(positions: Positions) -> TokenStream {
    let count = |positions| Literal::usize_unsuffixed(positions);
    match positions {
        Positions::Stop(positions) => {
            let positions = count(positions);
            quote!(::percio::Positions::Stop(#positions))
        }
        Positions::Wrap(positions) => {
            let positions = count(positions);
            quote!(::percio::Positions::Wrap(#positions))
        }
        Positions::Endless => quote!(::percio::Positions::Endless),
    }
}
