//! `#[percio::model("directory", option = value, …)]` over a unit struct.

use super::Request;
use crate::emit::{BlobSource, EmitOptions, Header, emit};
use crate::{Problems, Subject};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use std::path::Path;
use syn::parse::{Parse, ParseStream};
use syn::{Ident, ItemStruct, Lit, LitStr, Token};

/// The options and what they take.
const OPTIONS: [(&str, &str); 9] = [
    ("weights", "a format, for example \"f32\""),
    ("flash", "a size, for example \"96 KiB\""),
    ("ram", "a size, for example \"12 KiB\""),
    ("positions", "\"stop\", \"wrap\" or \"unbounded\""),
    ("outputs", "\"kept\" or \"decoded\""),
    ("only", "names of outputs, for example \"label\" or \"label, image\""),
    ("adaptive", "`true` or `false`"),
    ("optimize", "\"speed\", \"ram\" or \"flash\""),
    ("outside", "`true` or `false`"),
];

/// Expands the attribute on `item`; paths are relative to the directory `manifest`.
///
/// Mistakes become `compile_error!`s on the literals that are wrong, all at once, beside a type that lets the rest of
/// the crate be checked.
#[must_use]
pub fn expand(arguments: TokenStream, item: TokenStream, manifest: &Path) -> TokenStream {
    let item: ItemStruct = match syn::parse2(item) {
        Ok(item) => item,
        Err(error) => {
            let error = syn::Error::new(error.span(), "percio::model belongs on a unit struct: `pub struct Name;`");
            return error.to_compile_error();
        }
    };
    match try_expand(arguments, &item, manifest) {
        Ok(code) => code,
        Err(errors) => {
            let errors = errors.into_iter().map(|error| error.to_compile_error());
            let stand_in = stand_in(&item);
            quote!(#(#errors)* #stand_in)
        }
    }
}

fn try_expand(arguments: TokenStream, item: &ItemStruct, manifest: &Path) -> Result<TokenStream, Vec<syn::Error>> {
    let arguments: Arguments = syn::parse2(arguments).map_err(|error| vec![error])?;
    let mut errors = arguments.errors.clone();
    errors.extend(item_error(item));
    let compiled = arguments.request.compile(manifest);
    errors.extend(compiled.as_ref().err().into_iter().flat_map(|problems| spanned(problems, &arguments, item)));
    let Ok((program, tracked)) = compiled else { return Err(errors) };
    if !errors.is_empty() {
        return Err(errors);
    }
    let attributes = &item.attrs;
    let header = Header { attributes: quote!(#(#attributes)*), visibility: item.vis.to_token_stream() };
    let name = item.ident.to_string();
    Ok(emit(&program, &EmitOptions { name, header, blob: BlobSource::Literal, tracked }))
}

/// A mistake in the item itself.
fn item_error(item: &ItemStruct) -> Option<syn::Error> {
    if !item.fields.is_empty() || !matches!(item.fields, syn::Fields::Unit) {
        let message = format!("the fields of `{0}` are made from the model; write `pub struct {0};`", item.ident);
        return Some(syn::Error::new_spanned(&item.fields, message));
    }
    let message = "a model has no generic parameters; remove them";
    (!item.generics.params.is_empty()).then(|| syn::Error::new_spanned(&item.generics, message))
}

fn spanned(problems: &Problems, arguments: &Arguments, item: &ItemStruct) -> Vec<syn::Error> {
    let span = |subject| match subject {
        Subject::Model => arguments.path_span,
        Subject::Item => item.ident.span(),
        Subject::Option(name) => {
            arguments.spans.iter().find(|(option, _)| option == name).map_or(arguments.path_span, |(_, span)| *span)
        }
    };
    problems.iter().map(|problem| syn::Error::new(span(problem.subject), &problem.message)).collect()
}

/// A type that offers what the real one would, so that one mistake does not become many.
fn stand_in(item: &ItemStruct) -> TokenStream {
    let ItemStruct { vis, ident, .. } = item;
    quote! {
        #vis struct #ident;

        #[allow(dead_code, reason = "the model has mistakes")]
        impl #ident {
            #vis const fn new() -> Self {
                Self
            }

            #vis fn infer<T: ?::core::marker::Sized>(&mut self, _: &T) -> &'static [f32] {
                &[]
            }
        }
    }
}

/// The attribute's arguments as written.
struct Arguments {
    request: Request,
    path_span: Span,
    /// The value of each option.
    spans: Vec<(String, Span)>,
    /// Mistakes in the options.
    errors: Vec<syn::Error>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let example = "expected the model's directory first: #[percio::model(\"models/activity\")]";
        let path: LitStr = input.parse().map_err(|error| syn::Error::new(error.span(), example))?;
        let request = Request { path: path.value(), ..Request::default() };
        let mut arguments = Self { request, path_span: path.span(), spans: Vec::new(), errors: Vec::new() };
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let name: Ident = input.parse()?;
            input.parse::<Token![=]>()?;
            arguments.option(&name, &input.parse()?);
        }
        Ok(arguments)
    }
}

impl Arguments {
    fn option(&mut self, name: &Ident, value: &Lit) {
        let text = name.to_string();
        if self.spans.iter().any(|(option, _)| *option == text) {
            return self.errors.push(syn::Error::new(name.span(), format!("`{text}` is given twice; keep one")));
        }
        self.spans.push((text.clone(), value.span()));
        match (text.as_str(), value) {
            ("weights", Lit::Str(value)) => self.request.weights = Some(value.value()),
            ("flash", Lit::Str(value)) => self.request.flash = Some(value.value()),
            ("ram", Lit::Str(value)) => self.request.ram = Some(value.value()),
            ("outputs", Lit::Str(value)) => self.request.outputs = Some(value.value()),
            ("only", Lit::Str(value)) => self.request.only = Some(value.value()),
            ("positions", Lit::Str(value)) => self.request.positions = Some(value.value()),
            ("optimize", Lit::Str(value)) => self.request.optimize = Some(value.value()),
            ("flash", Lit::Int(value)) => self.request.flash = Some(value.base10_digits().to_owned() + value.suffix()),
            ("ram", Lit::Int(value)) => self.request.ram = Some(value.base10_digits().to_owned() + value.suffix()),
            ("adaptive", Lit::Bool(value)) => self.request.adaptive = value.value,
            ("outside", Lit::Bool(value)) => self.request.outside = value.value,
            (known, _) if OPTIONS.iter().any(|(option, _)| *option == known) => {
                let takes = OPTIONS.iter().find(|(option, _)| *option == known).map_or("", |(_, takes)| takes);
                self.errors.push(syn::Error::new(value.span(), format!("`{known}` takes {takes}")));
            }
            (unknown, _) => {
                let options = OPTIONS.map(|(option, _)| format!("`{option}`")).join(", ");
                let message = format!("unknown option `{unknown}`; the options are {options}");
                self.errors.push(syn::Error::new(name.span(), message));
            }
        }
    }
}
