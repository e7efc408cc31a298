//! Work that is dispatched to an instruction set: a struct with its operands that implements `percio::isa::Kernel`.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// The struct `name`, whose fields are the variables of `body`. Their types may borrow for `'a`.
pub(super) fn kernel(name: &Ident, fields: &[(Ident, TokenStream)], body: &TokenStream) -> TokenStream {
    let names = fields.iter().map(|(name, _)| name);
    let fields = fields.iter().map(|(name, kind)| quote!(#name: #kind));
    quote! {
        struct #name<'a> {
            #(#fields,)*
        }

        impl ::percio::isa::Kernel for #name<'_> {
            type Output = ();

            #[allow(clippy::single_range_in_vec_init, reason = "a step may touch one buffer")]
            #[inline(always)]
            fn run<I: ::percio::isa::Isa>(self, isa: I) {
                let Self { #(#names),* } = self;
                #body
            }
        }
    }
}
