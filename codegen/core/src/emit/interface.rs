//! The types that a user of the generated code sees.

use super::Header;
use crate::program::{Input, InputKind, Output, Program};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};

pub(super) struct Interface<'a> {
    pub(super) name: Ident,
    program: &'a Program,
}

impl<'a> Interface<'a> {
    pub(super) fn new(program: &'a Program, name: &str) -> Self {
        Self { name: Ident::new(name, Span::call_site()), program }
    }

    /// The type itself, and the structs for several inputs or outputs.
    pub(super) fn types(&self, header: &Header) -> TokenStream {
        let Header { attributes, visibility } = header;
        let (name, len) = (&self.name, Literal::usize_unsuffixed(self.program.arena_len));
        let outputs = self.kept_outputs().map(|output| {
            let (field, kind) = (storage(output), numbers(&output.shape()));
            quote!(#field: #kind)
        });
        let choices = self.program.is_adaptive().then(|| quote!(latents: u32, depth: u32,));
        let summary = if attributes.is_empty() { doc(&self.program.summary) } else { TokenStream::new() };
        let (input, output) = (self.input_struct(visibility), self.output_struct(visibility));
        quote! {
            #attributes
            #summary
            #visibility struct #name {
                arena: ::percio::Arena<#len>,
                #(#outputs,)*
                #choices
            }
            #input
            #output
        }
    }

    fn input_struct(&self, visibility: &TokenStream) -> TokenStream {
        if self.single_input().is_some() {
            return TokenStream::new();
        }
        let (name, lifetime) = (format_ident!("{}Input", self.name), self.input_lifetime());
        let summary = format!("What [`{}`] reads.", self.name);
        let fields = self.program.inputs.iter().map(|input| {
            let (field, kind, text) = (field(&input.name), self.input_kind(input), describe(input));
            quote!(#[doc = #text] pub #field: #kind)
        });
        quote! {
            #[doc = #summary]
            #[derive(Clone, Copy, Debug)]
            #visibility struct #name #lifetime {
                #(#fields,)*
            }
        }
    }

    /// The type of a field of the inputs' struct: where one has to be borrowed, all arrays are.
    fn input_kind(&self, input: &Input) -> TokenStream {
        let held = match &input.kind {
            InputKind::Numbers { shape } => numbers(shape),
            InputKind::Points { count, .. } => nested(quote!(u32), &[*count]),
            InputKind::Ids { .. } => quote!([u32]),
            InputKind::Mask { .. } => quote!([bool]),
            InputKind::Prefix { .. } => return quote!(usize),
        };
        if self.program.borrows_inputs() { quote!(&'a #held) } else { held }
    }

    fn output_struct(&self, visibility: &TokenStream) -> TokenStream {
        if self.single_output().is_some() || !self.program.keeps_outputs {
            return TokenStream::new();
        }
        let name = format_ident!("{}Output", self.name);
        let summary = format!("What [`{}`] computes.", self.name);
        let fields = self.program.outputs.iter().map(|output| {
            let (field, kind, text) = (field(&output.name), output_kind(output), output_text(output));
            quote!(#[doc = #text] pub #field: &'a #kind)
        });
        quote! {
            #[doc = #summary]
            #[derive(Clone, Copy, Debug)]
            #visibility struct #name<'a> {
                #(#fields,)*
            }
        }
    }

    fn single_input(&self) -> Option<&Input> {
        if let [input] = self.program.inputs.as_slice() { Some(input) } else { None }
    }

    fn single_output(&self) -> Option<&Output> {
        if let [output] = self.program.outputs.as_slice() { Some(output) } else { None }
    }

    fn input_lifetime(&self) -> TokenStream {
        if self.single_input().is_none() && self.program.borrows_inputs() { quote!(<'a>) } else { TokenStream::new() }
    }

    /// The type behind `&` in `infer`, lifetimes elided.
    pub(super) fn input_type(&self) -> TokenStream {
        self.input_type_with(quote!('_))
    }

    /// The type behind `&` in `infer`, with this lifetime.
    pub(super) fn input_type_with(&self, lifetime: TokenStream) -> TokenStream {
        match self.single_input() {
            Some(Input { kind: InputKind::Numbers { shape }, .. }) => numbers(shape),
            Some(_) => quote!([u32]),
            None => {
                let name = format_ident!("{}Input", self.name);
                if self.input_lifetime().is_empty() { quote!(#name) } else { quote!(#name<#lifetime>) }
            }
        }
    }

    /// What `infer` returns, lifetimes elided.
    pub(super) fn output_type(&self) -> TokenStream {
        self.output_type_with(quote!('_))
    }

    /// The outputs that live in the model.
    fn kept_outputs(&self) -> impl Iterator<Item = &Output> {
        self.program.outputs.iter().filter(|_| self.program.keeps_outputs)
    }

    /// The type that is asked for outputs.
    pub(super) fn latents_name(&self) -> Ident {
        format_ident!("{}Latents", self.name)
    }

    /// What `infer` returns, with this lifetime.
    pub(super) fn output_type_with(&self, lifetime: TokenStream) -> TokenStream {
        match self.single_output() {
            _ if !self.program.keeps_outputs => {
                let name = self.latents_name();
                quote!(#name<#lifetime>)
            }
            Some(output) => {
                let kind = output_kind(output);
                quote!(&#lifetime #kind)
            }
            None => {
                let name = format_ident!("{}Output", self.name);
                quote!(#name<#lifetime>)
            }
        }
    }

    /// The outputs of the model `net`.
    pub(super) fn result(&self, net: &TokenStream) -> TokenStream {
        if let Some(output) = self.single_output() {
            return output_value(output, net);
        }
        let name = format_ident!("{}Output", self.name);
        let fields = self.program.outputs.iter().map(|output| {
            let (field, value) = (field(&output.name), output_value(output, net));
            quote!(#field: #value)
        });
        quote!(#name { #(#fields,)* })
    }

    pub(super) fn constructor(&self) -> TokenStream {
        let outputs = self.kept_outputs().map(|output| {
            let (field, zeros) = (storage(output), zeros(&output.shape()));
            quote!(#field: #zeros)
        });
        let [latents, depth] =
            [self.program.max_latents, self.program.layers.len()].map(|most| Literal::u32_unsuffixed(most as u32));
        let choices = self.program.is_adaptive().then(|| quote!(latents: #latents, depth: #depth,));
        let setters = self.program.is_adaptive().then(|| setters(&latents, &depth));
        quote! {
            /// A model with its memory zeroed; the weights stay in flash.
            #[must_use]
            pub const fn new() -> Self {
                Self { arena: ::percio::Arena::new(), #(#outputs,)* #choices }
            }

            #setters
        }
    }

    /// Class names, one constant an output that has them.
    pub(super) fn labels(&self) -> TokenStream {
        let outputs = self.program.outputs.iter().filter(|output| !output.labels.is_empty());
        let constants = outputs.map(|output| {
            let name = match self.single_output() {
                Some(_) => format_ident!("LABELS"),
                None => format_ident!("{}_LABELS", output.name.to_uppercase()),
            };
            let (labels, count) = (&output.labels, Literal::usize_unsuffixed(output.labels.len()));
            let text = format!("The class names of `{}`, in the order of its numbers.", output.name);
            quote!(#[doc = #text] pub const #name: [&'static str; #count] = [#(#labels),*];)
        });
        constants.collect()
    }

    pub(super) fn model_impl(&self, associated: &TokenStream) -> TokenStream {
        let name = &self.name;
        let (input, output) = (self.input_type_with(quote!('a)), self.output_type_with(quote!('a)));
        let run = if self.program.keeps_outputs { quote!(infer) } else { quote!(encode) };
        quote! {
            impl ::percio::Model for #name {
                type Input<'a> = #input;
                type Output<'a> = #output;
                #associated

                fn infer(&mut self, input: &Self::Input<'_>) -> Self::Output<'_> {
                    Self::#run(self, input)
                }
            }
        }
    }

    /// All of the numbers of an input, as a slice.
    pub(super) fn input_numbers(&self, index: usize) -> TokenStream {
        let access = self.input_access(index);
        match &self.program.inputs[index].kind {
            InputKind::Numbers { shape } => flattened(quote!(#access), shape, &quote!(as_flattened), &quote!(as_slice)),
            InputKind::Points { .. } => quote!(#access.as_slice()),
            InputKind::Ids { .. } | InputKind::Mask { .. } | InputKind::Prefix { .. } => access,
        }
    }

    fn input_access(&self, index: usize) -> TokenStream {
        if self.single_input().is_some() {
            return quote!(input);
        }
        let field = field(&self.program.inputs[index].name);
        quote!(input.#field)
    }

    /// Numbers of a row of an output.
    pub(super) fn output_width(&self, index: usize) -> usize {
        self.program.outputs[index].width
    }

    /// All of the numbers of an output of the model `net`, as a slice.
    pub(super) fn output_read(&self, index: usize, net: &TokenStream) -> TokenStream {
        let output = &self.program.outputs[index];
        let field = storage(output);
        flattened(quote!(#net.#field), &output.shape(), &quote!(as_flattened), &quote!(as_slice))
    }

    /// All of the numbers of an output, as a slice to write.
    pub(super) fn output_numbers(&self, index: usize) -> TokenStream {
        let output = &self.program.outputs[index];
        let field = storage(output);
        flattened(quote!(net.#field), &output.shape(), &quote!(as_flattened_mut), &quote!(as_mut_slice))
    }
}

/// What chooses how many latents and layers a run has.
fn setters(latents: &Literal, depth: &Literal) -> TokenStream {
    quote! {
        /// Latents of the model.
        pub const LATENTS: u32 = #latents;
        /// Layers of the model after its cross-attention.
        pub const DEPTH: u32 = #depth;

        /// Layers after the cross-attention see the first `latents` latents alone, in this and later runs: from one to all.
        ///
        /// An approximation, and a good one only for a model that was trained so.
        pub const fn with_latents(&mut self, latents: u32) -> &mut Self {
            self.latents = if latents == 0 { 1 } else if latents < #latents { latents } else { #latents };
            self
        }

        /// The layers after the first `depth` are left out, in this and later runs: from none to all.
        ///
        /// An approximation, and a good one only for a model that was trained so.
        pub const fn with_depth(&mut self, depth: u32) -> &mut Self {
            self.depth = if depth < #depth { depth } else { #depth };
            self
        }
    }
}

/// A struct field; a name that is a keyword becomes a raw identifier, and a point an underscore.
fn field(name: &str) -> Ident {
    let name = name.replace('.', "_");
    syn::parse_str(&name).unwrap_or_else(|_| Ident::new_raw(&name, Span::call_site()))
}

/// The private field that an output lives in.
fn storage(output: &Output) -> Ident {
    format_ident!("output_{}", output.name)
}

fn doc(text: &str) -> TokenStream {
    if text.is_empty() { TokenStream::new() } else { quote!(#[doc = #text]) }
}

/// `[[f32; 3]; 200]` for `[200, 3]`
fn numbers(shape: &[usize]) -> TokenStream {
    nested(quote!(f32), shape)
}

fn zeros(shape: &[usize]) -> TokenStream {
    nested(quote!(0.0), shape)
}

pub(super) fn nested(element: TokenStream, shape: &[usize]) -> TokenStream {
    shape.iter().rev().fold(element, |inner, &length| {
        let length = Literal::usize_unsuffixed(length);
        quote!([#inner; #length])
    })
}

/// An array of arrays as one slice.
fn flattened(array: TokenStream, shape: &[usize], flatten: &TokenStream, slice: &TokenStream) -> TokenStream {
    let flatten = (1..shape.len()).map(|_| quote!(.#flatten()));
    if shape.len() > 1 { quote!(#array #(#flatten)*) } else { quote!(#array.#slice()) }
}

/// The type behind `&` of an output.
fn output_kind(output: &Output) -> TokenStream {
    if output.has_variable_length() {
        let row = numbers(&[output.width]);
        return quote!([#row]);
    }
    numbers(&output.shape())
}

/// A reference to the rows of this run.
fn output_value(output: &Output, net: &TokenStream) -> TokenStream {
    let field = storage(output);
    if output.has_variable_length() {
        let rows = super::step::count(output.count);
        return quote!(#net.#field.get(..#rows).unwrap_or_default());
    }
    quote!(&#net.#field)
}

fn output_text(output: &Output) -> String {
    if output.has_variable_length() {
        return format!("`[{}]` for each token of the input.", output.width);
    }
    shape_text(&output.shape())
}

fn describe(input: &Input) -> String {
    match &input.kind {
        InputKind::Numbers { shape } => shape_text(shape),
        InputKind::Points { positions, .. } => {
            format!("Row-major indices below {positions} of the positions that are asked for.")
        }
        InputKind::Ids { max, vocabulary } => format!("Up to {max} ids below {vocabulary}; more are not read."),
        InputKind::Mask { padding, .. } => {
            let opposite = padding.as_ref().map(|name| format!(" The opposite of the source's `{name}`."));
            let text = "`true` for every token to attend to; tokens beyond its end are attended to.";
            format!("{text}{}", opposite.unwrap_or_default())
        }
        InputKind::Prefix { latents } => {
            format!(
                "How many tokens come before the latents; of more than {latents} others the last {latents} are latents."
            )
        }
    }
}

fn shape_text(shape: &[usize]) -> String {
    let lengths: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("`[{}]`, row-major.", lengths.join(", "))
}
