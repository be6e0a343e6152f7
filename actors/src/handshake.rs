//! What came with the request that opened a session, in one buffer, for whoever admits its members.
//! Knows no transport: that hands in the request's target and its headers.

use std::{borrow::Cow, fmt, sync::Arc};

use bytes::Bytes;

use crate::account::{Held, SessionAccount};

/// A session's handshake. Clones share it. Empty where nobody asks for it.
#[derive(Clone, Default)]
pub struct Handshake(Option<Arc<Lines>>);

/// The target, then each header as its name and its value: lines, as none has a line break in it.
struct Lines(Bytes);

impl Handshake {
    /// A handshake with this target (path and query, as sent) and these headers. What a header's value has beside UTF-8
    /// becomes U+FFFD, and a line break, which no request can have, nothing.
    pub fn new<'a>(target: &str, headers: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut text = target.replace('\n', "");
        for (name, value) in headers {
            let value = String::from_utf8_lossy(value);
            text.push('\n');
            text.extend([name, ":", &value].map(|part| part.replace('\n', "")));
        }
        text.shrink_to_fit();
        Self(Some(Arc::new(Lines(text.into()))))
    }

    /// The same, on the account of its session.
    pub(crate) fn charged(self, account: &Arc<SessionAccount>) -> Self {
        let lines = self.0.map(|lines| {
            let text = account.charge_bytes(lines.0.clone(), Held::Auth);
            Arc::new(Lines(text))
        });
        Self(lines)
    }

    /// Whether anything is kept of it.
    pub(crate) fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    fn lines(&self) -> impl Iterator<Item = &str> {
        let text = self.0.as_ref().map(|lines| &lines.0[..]);
        // It was made of texts.
        let text = std::str::from_utf8(text.unwrap_or_default()).unwrap_or_default();
        text.split('\n')
    }

    /// Path and query, as sent.
    pub fn target(&self) -> &str {
        self.lines().next().unwrap_or_default()
    }

    /// The query's parameters in the order sent, repetitions and the transport's own too, decoded.
    pub fn query(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        let query = self.target().split_once('?').map(|(_, query)| query);
        form_urlencoded::parse(query.unwrap_or_default().as_bytes())
    }

    /// The first value of a parameter of the query, however often it is there.
    pub fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut query = self.query();
        query.find_map(|(key, value)| (key == name).then_some(value))
    }

    /// The headers that are kept, names in lower case: in no order, but for the values of one name.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines().skip(1).filter_map(|line| line.split_once(':'))
    }

    /// The first value of a header, however many lines of it there are.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers();
        headers.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
    }
}

/// Shows no value: credentials are among them.
impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.headers().map(|(name, _)| name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_said_is_found_again_as_it_was_said() {
        let headers: [(&str, &[u8]); 3] = [
            ("authorization", b"Bearer a:b"),
            ("x-name", b"Ad\xff"),
            ("x-name", b"a\ncookie:b"),
        ];
        let handshake = Handshake::new("/socket.io/?EIO=4&room=a%20b&room=c&x", headers);
        assert_eq!(handshake.target(), "/socket.io/?EIO=4&room=a%20b&room=c&x");
        let query: Vec<_> = handshake.query().collect();
        let expected = [("EIO", "4"), ("room", "a b"), ("room", "c"), ("x", "")];
        assert_eq!(
            query,
            expected.map(|(key, value)| (key.into(), value.into()))
        );
        assert_eq!(handshake.parameter("room").as_deref(), Some("a b"));
        assert_eq!(handshake.header("Authorization"), Some("Bearer a:b"));
        assert_eq!(handshake.header("x-name"), Some("Ad\u{fffd}"));
        assert_eq!(handshake.headers().count(), 3);
        assert_eq!(handshake.header("cookie"), None);
        assert!(!format!("{handshake:?}").contains("Bearer"));
    }

    #[test]
    fn an_empty_one_has_nothing() {
        let none = Handshake::default();
        assert_eq!((none.target(), none.header("a")), ("", None));
        assert_eq!(none.query().count() + none.headers().count(), 0);
    }
}
