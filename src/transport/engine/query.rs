//! The query of an Engine.IO request, cut into what the engine reads and what it keeps for handlers.
//! Knows no meaning: an unknown transport or session is found out by the handshake.

use std::borrow::Cow;

/// A decoded query.
///
/// Of a parameter of the engine that is sent twice the last value counts, as in Node: people copy addresses with their
/// query.
#[derive(Debug, Default)]
pub(crate) struct Query<'a> {
    /// `EIO`.
    pub(crate) eio: Option<Cow<'a, str>>,
    /// `transport`.
    pub(crate) transport: Option<Cow<'a, str>>,
    /// `sid`; an empty one counts as absent.
    pub(crate) sid: Option<Cow<'a, str>>,
    /// Everything else in the order sent, repetitions too, up to [`PARAMETERS_MAX`].
    pub(crate) others: Vec<(String, String)>,
}

/// How many parameters besides its own the engine reads: as many as Node's `querystring`, and no more of them than that
/// make a refusal there.
pub(crate) const PARAMETERS_MAX: usize = 1000;

impl<'a> Query<'a> {
    /// Reads a query; there is none that cannot be read.
    pub(crate) fn parse(query: &'a str) -> Self {
        let mut parsed = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (key, value) = (decode(key), decode(value));
            match &*key {
                "EIO" => parsed.eio = Some(value),
                "transport" => parsed.transport = Some(value),
                "sid" => parsed.sid = Some(value).filter(|sid| !sid.is_empty()),
                _ if parsed.others.len() < PARAMETERS_MAX => {
                    parsed.others.push((key.into_owned(), value.into_owned()));
                }
                _ => {}
            }
        }
        parsed
    }
}

/// Undoes `+` and percent-encoding. A percent sign without two digits stands for itself; bytes that are no UTF-8 become
/// U+FFFD.
fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return text.into();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let escaped = match (first, behind) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        if let Some((high, low)) = escaped {
            bytes.push(high << 4 | low);
            rest = &behind[2..];
        } else {
            bytes.push(if *first == b'+' { b' ' } else { *first });
            rest = behind;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned().into()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn the_engine_takes_its_own_parameters_and_keeps_the_rest_in_order() {
        let query = Query::parse("t=1&EIO=4&token=a&transport=polling&token=b&sid=S");
        assert_eq!(query.eio.as_deref(), Some("4"));
        assert_eq!(query.transport.as_deref(), Some("polling"));
        assert_eq!(query.sid.as_deref(), Some("S"));
        let others = [("t", "1"), ("token", "a"), ("token", "b")];
        assert_eq!(
            query.others,
            others.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn keys_and_values_are_decoded() {
        for (query, key, value) in [
            ("a=b=c", "a", "b=c"),
            ("a", "a", ""),
            ("=v", "", "v"),
            ("a%3Db=%26", "a=b", "&"),
            ("x=%zz%41+b%", "x", "%zzA b%"),
            ("x=%4", "x", "%4"),
            ("x=%C3%a9", "x", "é"),
            ("x=é", "x", "é"),
            ("x=%ff", "x", "\u{fffd}"),
            ("x=%+1", "x", "% 1"),
            ("x=%00", "x", "\0"),
            ("&&x=1&&", "x", "1"),
        ] {
            assert_eq!(
                Query::parse(query).others,
                [(key.to_owned(), value.to_owned())],
                "{query}"
            );
        }
        assert_eq!(Query::parse("%45IO=4").eio.as_deref(), Some("4"));
    }

    #[test]
    fn of_a_parameter_of_the_engine_sent_twice_the_last_counts() {
        let query = "EIO=3&EIO=4&transport=polling&transport=websocket&sid=a&sid=b";
        let query = Query::parse(query);
        assert_eq!(query.eio.as_deref(), Some("4"));
        assert_eq!(query.transport.as_deref(), Some("websocket"));
        assert_eq!(query.sid.as_deref(), Some("b"));
    }

    #[test]
    fn an_empty_session_id_counts_as_absent() {
        for query in ["sid=", "sid", "sid=&sid=", "sid=a&sid="] {
            assert_eq!(Query::parse(query).sid, None, "{query}");
        }
    }

    #[test]
    fn of_more_parameters_than_the_limit_the_engines_own_are_read_all_the_same() {
        let full = "a&".repeat(PARAMETERS_MAX);
        let query = format!("{full}b&EIO=4&transport=polling");
        let kept = Query::parse(&query);
        assert_eq!(kept.others.len(), PARAMETERS_MAX);
        assert!(!kept.others.iter().any(|(key, _)| key == "b"));
        assert_eq!(kept.transport.as_deref(), Some("polling"));
    }
}
