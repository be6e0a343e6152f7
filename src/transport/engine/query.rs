//! The query of an Engine.IO request: what the engine itself reads of it.
//! Knows no meaning: an unknown transport or session is found out by the handshake.

use std::borrow::Cow;

/// A decoded query.
///
/// Of a parameter that is sent twice the last value counts, as in Node: people copy addresses with their query.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query<'a> {
    /// `EIO`.
    pub(crate) eio: Option<Cow<'a, str>>,
    /// `transport`.
    pub(crate) transport: Option<Cow<'a, str>>,
    /// `sid`; an empty one counts as absent.
    pub(crate) sid: Option<Cow<'a, str>>,
}

impl<'a> Query<'a> {
    /// Reads a query; there is none that cannot be read.
    pub(crate) fn parse(query: &'a str) -> Self {
        let mut parsed = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "EIO" => parsed.eio = Some(value),
                "transport" => parsed.transport = Some(value),
                "sid" => parsed.sid = Some(value).filter(|sid| !sid.is_empty()),
                _ => {}
            }
        }
        parsed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_takes_its_own_parameters() {
        let query = Query::parse("t=1&EIO=4&token=a&transport=polling&token=b&sid=S");
        assert_eq!(query.eio.as_deref(), Some("4"));
        assert_eq!(query.transport.as_deref(), Some("polling"));
        assert_eq!(query.sid.as_deref(), Some("S"));
    }

    #[test]
    fn keys_and_values_are_decoded() {
        for (query, sid) in [
            ("sid=b=c", "b=c"),
            ("%73id=%26", "&"),
            ("sid=%zz%41+b%", "%zzA b%"),
            ("sid=%4", "%4"),
            ("sid=%C3%a9", "é"),
            ("sid=é", "é"),
            ("sid=%ff", "\u{fffd}"),
            ("sid=%+1", "% 1"),
            ("sid=%00", "\0"),
            ("&&sid=1&&", "1"),
        ] {
            assert_eq!(Query::parse(query).sid.as_deref(), Some(sid), "{query}");
        }
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
}
