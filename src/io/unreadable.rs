//! What a client reads of data that no handler's type takes: serde's words, but for names of types, which mean something to the host alone.

use super::error::BadArguments;

/// How serde begins what a derived type expects, and what that is in JSON. A longer one comes before what it ends with.
const EXPECTED: [(&str, &str); 9] = [
    ("internally tagged enum ", "an object"),
    ("adjacently tagged enum ", "an object"),
    ("struct variant ", "an object"),
    ("tuple variant ", "a list"),
    ("unit variant ", "null"),
    ("tuple struct ", "a list"),
    ("unit struct ", "null"),
    ("struct ", "an object"),
    ("enum ", "the name of a variant, or an object of it"),
];

/// The error of a client's data.
pub(super) fn unreadable(error: serde_json::Error) -> BadArguments {
    let text = error.to_string();
    // What the client sent stands before it.
    let mark = ", expected ";
    let Some(begin) = text.rfind(mark).map(|at| at + mark.len()) else {
        return BadArguments::new(text);
    };
    let (before, expected) = text.split_at(begin);
    let plain = EXPECTED.iter().find_map(|(kind, plain)| {
        let name = expected.strip_prefix(kind)?;
        let ends = name.find(' ').unwrap_or(name.len());
        Some(format!("{before}{plain}{}", &name[ends..]))
    });
    BadArguments::new(plain.unwrap_or(text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    #![allow(dead_code, reason = "they are for what does not become one")]

    use serde::Deserialize;
    use serde::de::DeserializeOwned;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Secret {
        price: u32,
    }

    #[derive(Debug, Deserialize)]
    struct SecretPair(u32, u32);

    #[derive(Debug, Deserialize)]
    struct SecretUnit;

    #[derive(Debug, Deserialize)]
    enum SecretKind {
        #[serde(rename = "a")]
        Pair(u32, u32),
        #[serde(rename = "b")]
        Object { price: u32 },
    }

    #[derive(Debug, Deserialize)]
    #[serde(tag = "t")]
    enum SecretTagged {
        #[serde(rename = "b")]
        Object { price: u32 },
    }

    fn said<T: DeserializeOwned + std::fmt::Debug>(text: &str) -> String {
        unreadable(serde_json::from_str::<T>(text).unwrap_err()).to_string()
    }

    /// A name of a type of the host's gets to clients.
    #[test]
    fn a_client_is_told_what_is_expected_in_terms_of_json() {
        let object = ", expected an object at line 1 column ";
        assert!(
            said::<Secret>("1").contains(object),
            "{}",
            said::<Secret>("1")
        );
        for said in [
            said::<Secret>("1"),
            said::<Secret>(r#""x, expected struct Other""#),
            said::<Secret>("[]"),
            said::<SecretPair>("1"),
            said::<SecretPair>("[1]"),
            said::<SecretUnit>("1"),
            said::<SecretKind>("1"),
            said::<SecretKind>(r#"{"a":1}"#),
            said::<SecretKind>(r#"{"a":[1]}"#),
            said::<SecretKind>(r#"{"b":1}"#),
            said::<SecretTagged>("1"),
        ] {
            assert!(!said.contains("Secret"), "{said}");
        }
    }

    /// What the client has to mend is lost.
    #[test]
    fn what_the_client_sent_and_where_stays() {
        assert_eq!(
            said::<Secret>(r#"{"price":"x"}"#),
            "invalid type: string \"x\", expected u32 at line 1 column 12"
        );
        assert_eq!(
            said::<Secret>("{}"),
            "missing field `price` at line 1 column 2"
        );
    }
}
