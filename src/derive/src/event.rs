//! `#[derive(Event)]`: what stands in `#[event(…)]`, and what it comes to.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{
    Attribute, Data, DeriveInput, Error, Fields, Ident, LitStr, Result, Token, Type,
    parse::{Parse, ParseStream},
};

/// Names that the client libraries fire themselves: as an event of one's own none arrives.
const RESERVED: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

/// `"say", ack = Delivered`
struct EventAttribute {
    name: LitStr,
    ack: Option<Type>,
}

impl Parse for EventAttribute {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name: LitStr = input.parse().map_err(|error| {
            Error::new(
                error.span(),
                "the event's name comes first: #[event(\"say\")]",
            )
        })?;
        let mut ack = None;
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let key: Ident = input.parse()?;
            if key != "ack" || ack.is_some() {
                let said = "behind its name an event has one `ack = Type` at most";
                return Err(Error::new(key.span(), said));
            }
            input.parse::<Token![=]>()?;
            ack = Some(input.parse()?);
        }
        Ok(Self { name, ack })
    }
}

pub(crate) fn derived(input: &DeriveInput) -> Result<TokenStream> {
    let DeriveInput {
        ident, generics, ..
    } = input;
    let fields = match &input.data {
        Data::Struct(data) => &data.fields,
        Data::Enum(_) | Data::Union(_) => {
            let said = "an event is a struct; an enum of events derives `Events`";
            return Err(Error::new(ident.span(), said));
        }
    };
    let EventAttribute { name, ack } = attribute(&input.attrs, ident.span())?;
    if RESERVED.contains(&name.value().as_str()) {
        let said = format!(
            "`{}` is an event of the client libraries' own",
            name.value()
        );
        return Err(Error::new(name.span(), said));
    }
    let ack = ack.map_or_else(|| quote!(()), |ack| quote!(#ack));
    let arguments = match fields {
        Fields::Unit => quote!(None),
        Fields::Unnamed(fields) if fields.unnamed.len() != 1 => quote!(Several),
        Fields::Unnamed(_) | Fields::Named(_) => quote!(One),
    };
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics ::dondo::Event for #ident #type_generics #where_clause {
            const NAME: &'static ::core::primitive::str = #name;
            const ARGUMENTS: ::dondo::derived::EventArguments =
                ::dondo::derived::EventArguments::#arguments;
            type Ack = #ack;
        }
    })
}

fn attribute(attributes: &[Attribute], derive: Span) -> Result<EventAttribute> {
    let mut named = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("event"));
    let said = "an event has a name: #[event(\"say\")]";
    let first = named.next().ok_or_else(|| Error::new(derive, said))?;
    if let Some(second) = named.next() {
        let said = "an event has one name";
        return Err(Error::new_spanned(second, said));
    }
    first.parse_args()
}
