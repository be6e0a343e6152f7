//! The query of an Engine.IO request: what the engine itself reads of it.
//! Knows no meaning: an unknown transport or session is found out by the handshake.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memchr2};

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
        if memchr2(b'%', b'+', query.as_bytes()).is_some() {
            for (key, value) in form_urlencoded::parse(query.as_bytes()) {
                parsed.take(&key, value);
            }
            return parsed;
        }
        // What stock clients send with each poll is as it reads; decoding it would take 5 % of a poll's time.
        let mut begin = 0;
        for end in memchr_iter(b'&', query.as_bytes()).chain([query.len()]) {
            let pair = &query[begin..end];
            let (key, value) = match memchr(b'=', pair.as_bytes()) {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, ""),
            };
            parsed.take(key, value.into());
            begin = end + 1;
        }
        parsed
    }

    fn take(&mut self, key: &str, value: Cow<'a, str>) {
        match key {
            "EIO" => self.eio = Some(value),
            "transport" => self.transport = Some(value),
            "sid" => self.sid = Some(value).filter(|sid| !sid.is_empty()),
            _ => {}
        }
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
