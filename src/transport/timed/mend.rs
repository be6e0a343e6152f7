//! What actix-http's parser takes amiss in a head, and Node does not, is put right before it gets there: characters in the
//! address that `http::Uri` knows no place for, and a `Connection: upgrade` without `Upgrade`, as nginx writes it for every
//! poll with the lines that Socket.IO's documentation has: it would end the connection with the answer.
//!
//! A head goes through as it comes; nothing of it is kept but the beginning of a line that may be one of those two
//! headers, or say how long the body is.

use memchr::memchr;

/// Bytes of a line that are held until it is whole; a longer one goes through.
const HELD_MAX: usize = 128;

const CONNECTION: &[u8] = b"connection:";
const LENGTH: &[u8] = b"content-length:";
const UPGRADE: &[u8] = b"upgrade:";
/// What takes the place of the header that was left out, before `Upgrade`.
const UPGRADES: &[u8] = b"Connection: upgrade\r\n";

/// Where in a head it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// Before the request line: empty lines may stand there.
    #[default]
    Before,
    Target,
    /// At the beginning of a line, or in one that may be a header that matters.
    Line,
    Rest,
    Behind,
}

/// Mends the heads of one connection.
#[derive(Debug, Default)]
pub(super) struct Mender {
    at: At,
    held: Vec<u8>,
    /// `Upgrade` has come.
    upgrade: bool,
    /// A `Connection: upgrade` was left out.
    left_out: bool,
    /// What `Content-Length` says.
    length: Option<usize>,
}

impl Mender {
    /// The next byte is a head's first.
    pub(super) fn begin(&mut self) {
        *self = Self::default();
    }

    /// Whether there is nothing to mend in what comes now.
    pub(super) fn is_behind(&self) -> bool {
        self.at == At::Behind
    }

    /// How long the body is, as the head says. A guess: of two that do not agree this knows one only.
    pub(super) fn length(&self) -> Option<usize> {
        self.length
    }

    /// How many bytes may be mended into so much room.
    pub(super) fn fits(room: usize) -> usize {
        room.saturating_sub(HELD_MAX + UPGRADES.len()) / 3
    }

    /// Hands on what is of the head, mended, and answers how many bytes that is. What is held comes out with the bytes that
    /// follow.
    pub(super) fn mend(&mut self, bytes: &[u8], out: &mut dyn FnMut(&[u8])) -> usize {
        // What goes through as it is goes in one piece.
        let (mut from, mut next) = (0, 0);
        while next < bytes.len() && self.at != At::Behind {
            let begin = next;
            if self.at == At::Before && !matches!(bytes[begin], b'\r' | b'\n') {
                self.at = At::Target;
            }
            let end = memchr(b'\n', &bytes[begin..]);
            next = end.map_or(bytes.len(), |end| begin + end + 1);
            let line = &bytes[begin..next];
            let is_plain = match self.at {
                // No early end: so the compiler looks at many bytes at once.
                At::Target => !line.iter().fold(false, |found, &byte| found | odd(byte)),
                At::Line => end.is_some() && self.held.is_empty() && !begins_like_one(line),
                At::Before | At::Rest | At::Behind => true,
            };
            if !is_plain {
                out(&bytes[from..begin]);
                from = next;
                if self.at == At::Line {
                    self.line(line, end.is_some(), out);
                    continue;
                }
                escape(line, out);
            }
            if end.is_some() && self.at != At::Before {
                self.at = At::Line;
            }
        }
        out(&bytes[from..next]);
        next
    }

    /// Takes a header's line, or what has come of it; `whole`: to its end.
    fn line(&mut self, line: &[u8], whole: bool, out: &mut dyn FnMut(&[u8])) {
        if whole && self.held.is_empty() {
            return self.header(line, out);
        }
        self.held.extend_from_slice(line);
        if whole {
            let held = std::mem::take(&mut self.held);
            self.header(&held, out);
        } else if self.held.len() > HELD_MAX || !may_matter(&self.held) {
            out(&std::mem::take(&mut self.held));
            self.at = At::Rest;
        }
    }

    fn header(&mut self, line: &[u8], out: &mut dyn FnMut(&[u8])) {
        if matches!(line, b"\r\n" | b"\n") {
            self.at = At::Behind;
        } else if begins(line, UPGRADE) {
            self.upgrade = true;
            if std::mem::take(&mut self.left_out) {
                out(UPGRADES);
            }
        } else if begins(line, LENGTH) {
            let length = std::str::from_utf8(&line[LENGTH.len()..]).ok();
            self.length = length.and_then(|length| length.trim().parse().ok());
        } else if !self.upgrade && !self.left_out && begins(line, CONNECTION) {
            let is_upgrade = |option: &[u8]| option.eq_ignore_ascii_case(b"upgrade");
            let options = &line[CONNECTION.len()..];
            let options = options.strip_suffix(b"\n").unwrap_or(options);
            let options = options.strip_suffix(b"\r").unwrap_or(options);
            let options = options.split(|&byte| byte == b',');
            let options = options.map(trim);
            if options.clone().any(is_upgrade) {
                self.left_out = true;
                let mut between = &line[..CONNECTION.len()];
                for option in options.filter(|option| !option.is_empty() && !is_upgrade(option)) {
                    out(between);
                    out(option);
                    between = b",";
                }
                if between == b"," {
                    out(b"\r\n");
                }
                return;
            }
        }
        out(line);
    }
}

/// Without what may stand around an option.
fn trim(option: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let begin = option.iter().position(|byte| !blank(byte));
    let end = option.iter().rposition(|byte| !blank(byte));
    match (begin, end) {
        (Some(begin), Some(end)) => &option[begin..=end],
        _ => &[],
    }
}

fn begins(line: &[u8], name: &[u8]) -> bool {
    line.get(..name.len())
        .is_some_and(|begin| begin.eq_ignore_ascii_case(name))
}

/// Whether the line's first byte is that of a header that matters, or of the end of the head.
fn begins_like_one(line: &[u8]) -> bool {
    matches!(
        line.first(),
        Some(b'c' | b'C' | b'u' | b'U' | b'\r' | b'\n')
    )
}

/// Whether a line that begins so may be a header that matters, or the end of the head.
fn may_matter(begin: &[u8]) -> bool {
    begin == b"\r"
        || [CONNECTION, LENGTH, UPGRADE]
            .iter()
            .any(|name| begins(begin, &name[..name.len().min(begin.len())]))
}

/// What may not stand in an address as it is.
fn odd(byte: u8) -> bool {
    matches!(byte, b'"' | b'<' | b'>' | b'`' | 0x7f..)
}

/// Hands on a part of a request line, with percent signs for what may not stand in an address as it is.
fn escape(line: &[u8], out: &mut dyn FnMut(&[u8])) {
    for part in line.split_inclusive(|&byte| odd(byte)) {
        match part {
            [plain @ .., last] if odd(*last) => {
                const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
                let [high, low] = [last >> 4, last & 15].map(|digit| DIGITS[usize::from(digit)]);
                out(plain);
                out(&[b'%', high, low]);
            }
            plain => out(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a head that comes in pieces of this size.
    fn mended(head: &str, size: usize) -> String {
        let (mut mender, mut out) = (Mender::default(), Vec::new());
        for piece in head.as_bytes().chunks(size) {
            let before = out.len();
            let of_head = mender.mend(piece, &mut |bytes| out.extend_from_slice(bytes));
            out.extend_from_slice(&piece[of_head..]);
            let most = 3 * piece.len() + HELD_MAX + UPGRADES.len();
            assert!(out.len() - before <= most, "{head:?} in pieces of {size}");
        }
        String::from_utf8_lossy(&out).into_owned()
    }

    fn becomes(head: &str, expected: &str) {
        for size in 1..=head.len() {
            assert_eq!(mended(head, size), expected, "in pieces of {size}");
        }
    }

    #[test]
    fn what_may_not_stand_in_an_address_is_escaped_and_only_there() {
        becomes(
            "\r\nGET /x?a=\"é\"&b=<`> HTTP/1.1\r\nX: \"<é>\"\r\n\r\n\"body\"",
            "\r\nGET /x?a=%22%C3%A9%22&b=%3C%60%3E HTTP/1.1\r\nX: \"<é>\"\r\n\r\n\"body\"",
        );
    }

    #[test]
    fn an_upgrade_to_nothing_is_left_out() {
        becomes(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nX: y\r\n\r\nConnection: upgrade\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\nConnection: upgrade\r\n",
        );
        becomes(
            "GET / HTTP/1.1\nconnection: Close ,UPGRADE, TE\n\n",
            "GET / HTTP/1.1\nconnection:Close,TE\r\n\n",
        );
    }

    /// A head of nothing else had no limit of size: what is left out is not counted.
    #[test]
    fn only_the_first_of_them_is_left_out() {
        let second = "GET / HTTP/1.1\r\nConnection: upgrade\r\nConnection: upgrade\r\n\r\n";
        becomes(second, &second.replacen("Connection: upgrade\r\n", "", 1));
    }

    #[test]
    fn what_is_no_option_is_not_made_one() {
        becomes(
            "GET / HTTP/1.1\r\nConnection: a\r,upgrade\r\n\r\n",
            "GET / HTTP/1.1\r\nConnection:a\r\r\n\r\n",
        );
        let feed = "GET / HTTP/1.1\r\nConnection: \x0cupgrade\r\n\r\n";
        becomes(feed, feed);
    }

    /// Each comma became a line of its own, for which there was no room.
    #[test]
    fn a_head_never_grows_by_more_than_there_is_room_for() {
        for option in ["", "x"] {
            let options = vec![option; 50].join(",");
            let all = match option {
                "" => String::new(),
                _ => format!("Connection:{options}\r\n"),
            };
            becomes(
                &format!("GET / HTTP/1.1\r\nConnection:{options},upgrade\r\n\r\n"),
                &format!("GET / HTTP/1.1\r\n{all}\r\n"),
            );
        }
    }

    #[test]
    fn an_upgrade_to_something_stays_wherever_the_two_stand() {
        let behind = "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
        becomes(behind, behind);
        becomes(
            "GET / HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nX: y\r\nupgrade: websocket\r\n\r\n",
            "GET / HTTP/1.1\r\nConnection:keep-alive\r\nX: y\r\nConnection: upgrade\r\nupgrade: websocket\r\n\r\n",
        );
    }

    /// Fails if the length of a body is not known with its head: each POST had one more run of its connection.
    #[test]
    fn the_head_says_how_long_the_body_is_wherever_it_is_cut() {
        let head =
            b"POST / HTTP/1.1\r\nContent-Type: a\r\nCONTENT-length: \t12 \r\nCookie: 7\r\n\r\n";
        for size in 1..head.len() {
            let mut mender = Mender::default();
            for piece in head.chunks(size) {
                mender.mend(piece, &mut |_| ());
            }
            assert_eq!((mender.is_behind(), mender.length()), (true, Some(12)));
            mender.begin();
            assert_eq!((mender.is_behind(), mender.length()), (false, None));
        }
    }

    #[test]
    fn all_else_goes_through() {
        let long = "y".repeat(2 * HELD_MAX);
        for head in [
            "GET / HTTP/1.1\r\nConnection: keep-alive\r\nUpgrade-Insecure-Requests: 1\r\n\r\n",
            &format!("GET / HTTP/1.1\r\nConnection: {long}, upgrade\r\n\r\n"),
            "GET / HTTP/1.1\r\nConnect: upgrade\r\nX-Connection: upgrade\r\n Connection: upgrade\r\n\r\n",
            "\n\nGET / HTTP/1.1\n\nGET /\" HTTP/1.1\n\n",
        ] {
            // One that is longer is not held, and so not looked at in one piece either.
            for size in 1..HELD_MAX {
                assert_eq!(mended(head, size), head, "in pieces of {size}");
            }
        }
    }
}
