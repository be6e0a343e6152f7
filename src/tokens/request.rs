//! Where a token stands in what a client sends as it comes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::TokenFault;

/// Parameters of an address that are tokens: SignalR's and OAuth's own name first.
const PARAMETERS: [&str; 2] = ["access_token", "token"];

/// The token of the request that opens a session: that of its `Authorization`, else of its query. Another scheme than Bearer is
/// somebody else's.
pub(crate) fn of_request<'a>(
    authorization: Option<&'a str>,
    query: &'a str,
) -> Option<Cow<'a, str>> {
    let bearer = authorization.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    if let Some(token) = bearer.filter(|token| !token.is_empty()) {
        return Some(token.into());
    }
    PARAMETERS.iter().find_map(|name| {
        let mut all = form_urlencoded::parse(query.as_bytes());
        let found = all.find_map(|(key, value)| (key == *name).then_some(value));
        found.filter(|token| !token.is_empty())
    })
}

/// The token of a CONNECT: `token` in its credentials, which are a JSON text.
pub(crate) fn of_connect(auth: Option<&[u8]>) -> Result<Option<String>, TokenFault> {
    // Credentials of another shape are the application's.
    let read =
        auth.and_then(|text| serde_json::from_slice::<BTreeMap<String, &RawValue>>(text).ok());
    let Some(token) = read.and_then(|read| read.get("token").copied()) else {
        return Ok(None);
    };
    match serde_json::from_str::<Option<String>>(token.get()) {
        Ok(token) => Ok(token.filter(|token| !token.is_empty())),
        Err(_) => Err(TokenFault::invalid("it is no text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(authorization: Option<&str>, query: &str) -> Option<String> {
        of_request(authorization, query).map(Cow::into_owned)
    }

    /// Fails if one place is passed over, or if one goes before another that is nearer to the client's hand.
    #[test]
    fn a_token_is_found_where_clients_put_it() {
        let found = |token: &str| Some(token.to_owned());
        assert_eq!(of(Some("Bearer a.b.c"), "token=d"), found("a.b.c"));
        assert_eq!(of(Some("bearer  a"), ""), found("a"));
        assert_eq!(of(None, "EIO=4&token=a%2Bb&x"), found("a+b"));
        assert_eq!(of(None, "token=a&access_token=b"), found("b"));
        assert_eq!(of(Some("Basic YTpi"), "token=a"), found("a"));
        assert_eq!(of(Some("Bearer "), "access_token=&token="), None);
        assert_eq!(of(Some("Bearer"), "Token=a"), None);
    }

    /// Fails if a token that cannot be one is taken for none, which would let its bearer in as a guest.
    #[test]
    fn credentials_without_a_token_are_somebody_elses() {
        assert_eq!(
            of_connect(Some(br#"{"token":"a"}"#)),
            Ok(Some("a".to_owned()))
        );
        for none in [
            r#"{"token":""}"#,
            r#"{"token":null}"#,
            r#"{"user":1}"#,
            "[1]",
            "\"a\"",
        ] {
            assert_eq!(of_connect(Some(none.as_bytes())), Ok(None), "{none}");
        }
        assert_eq!(of_connect(None), Ok(None));
        for no_text in [
            r#"{"token":1}"#,
            r#"{"token":{"a":1}}"#,
            r#"{"token":true}"#,
        ] {
            assert!(of_connect(Some(no_text.as_bytes())).is_err(), "{no_text}");
        }
    }
}
