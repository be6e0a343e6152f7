//! `#[derive(Events)]`: an enum to and from the list of its events.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Result, Type, Variant};

pub(crate) fn derived(input: &DeriveInput) -> Result<TokenStream> {
    let DeriveInput {
        ident, generics, ..
    } = input;
    let Data::Enum(data) = &input.data else {
        let said = "an enum of events derives `Events`; a struct that is an event derives `Event`";
        return Err(Error::new(ident.span(), said));
    };
    let variants: Vec<_> = data.variants.iter().collect();
    let events = variants
        .iter()
        .map(|variant| event(variant))
        .collect::<Result<Vec<&Type>>>()?;
    let names: Vec<_> = variants.iter().map(|variant| &variant.ident).collect();
    let one_of = events.iter().rev().fold(
        quote!(::dondo::derived::Never),
        |others, event| quote!(::dondo::derived::OneOf<#event, #others>),
    );
    // The place of an event in the list is how deep it is.
    let place = |depth: usize| {
        let this = quote!(::dondo::derived::OneOf::This(event));
        (0..depth).fold(
            this,
            |inner, _| quote!(::dondo::derived::OneOf::Other(#inner)),
        )
    };
    let places: Vec<_> = (0..names.len()).map(place).collect();
    let nowhere = (0..names.len()).fold(
        quote!(never),
        |inner, _| quote!(::dondo::derived::OneOf::Other(#inner)),
    );
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    // A type parameter could only be looked at where it is known.
    let distinct = generics.params.is_empty().then(|| {
        quote! {
            const _: () = ::dondo::derived::assert_distinct(&[
                #(<#events as ::dondo::Event>::NAME,)*
            ]);
        }
    });
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics ::dondo::Events for #ident #type_generics #where_clause {
            type OneOf = #one_of;

            fn into_one(self) -> Self::OneOf {
                match self {
                    #(Self::#names(event) => #places,)*
                }
            }

            fn from_one(one: Self::OneOf) -> Self {
                match one {
                    #(#places => Self::#names(event),)*
                    #nowhere => match never {},
                }
            }
        }

        #distinct
    })
}

/// The event that a variant holds.
fn event(variant: &Variant) -> Result<&Type> {
    match &variant.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => Ok(&fields.unnamed[0].ty),
        _ => {
            let said = format!("a variant holds one event: `{0}({0})`", variant.ident);
            Err(Error::new_spanned(variant, said))
        }
    }
}
