//! The head of a packet, which is all before its JSON: is it sound, and how long is it.
//! Reading it is the packet parser's work, once this has let it through; that of most events is not worth its copies.

use super::packet::Violation;

/// Where the packet's JSON begins, or its end where it has none.
///
/// Makes sure of what the packet parser would let pass or read differently than meant: an acknowledgement number that does not
/// fit or that something else than JSON follows, text where JSON is due.
pub(super) fn length(text: &str) -> Result<usize, Violation> {
    let bytes = text.as_bytes();
    let mut at = match bytes.first() {
        Some(b'0'..=b'3') => 1,
        Some(b'5' | b'6') => {
            let dash = digits_end(bytes, 1);
            if dash == 1 || bytes.get(dash) != Some(&b'-') {
                return Err(Violation::AttachmentCount);
            }
            dash + 1
        }
        Some(b'4') => return Err(Violation::ServerOnly),
        Some(_) => return Err(Violation::UnknownType),
        None => return Err(Violation::Empty),
    };
    if bytes.get(at) == Some(&b'/') {
        let rest = &bytes[at..];
        let comma = rest.iter().position(|byte| *byte == b',');
        at += comma.map_or(rest.len(), |comma| comma + 1);
    }
    let head = digits_end(bytes, at);
    if head > at && text[at..head].parse::<i64>().is_err() {
        return Err(Violation::AckTooLarge);
    }
    match bytes.get(head) {
        None | Some(b'[' | b'{') => Ok(head),
        Some(_) => Err(Violation::Head { at: head }),
    }
}

/// The acknowledgement number in a [sound](length) head, where it is that of an event of the root namespace without attachments.
pub(super) fn root_event(head: &str) -> Option<Option<u64>> {
    match head.strip_prefix('2')? {
        "" => Some(None),
        digits => digits.parse().ok().map(Some),
    }
}

fn digits_end(bytes: &[u8], start: usize) -> usize {
    let digits = bytes[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    start + digits.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_where_the_json_begins() {
        for (text, head) in [
            ("0", "0"),
            ("0{}", "0"),
            ("0/a", "0/a"),
            ("0/a[b,{}", "0/a[b,"),
            ("2/12,[1]", "2/12,"),
            ("2/a,12[1]", "2/a,12"),
            ("2007[1]", "2007"),
            ("212", "212"),
            ("51-/é,3[1]", "51-/é,3"),
            ("510-[\"/,\"]", "510-"),
        ] {
            assert_eq!(length(text), Ok(head.len()), "{text}");
        }
    }

    #[test]
    fn events_of_the_root_namespace_are_known_by_their_heads() {
        for (head, ack) in [
            ("2", Some(None)),
            ("20", Some(Some(0))),
            ("29223372036854775807", Some(Some(i64::MAX as u64))),
            ("2/a,", None),
            ("2/a,7", None),
            ("2/", None),
            ("37", None),
            ("0", None),
            ("51-7", None),
        ] {
            assert_eq!(root_event(head), ack, "{head}");
        }
    }

    #[test]
    fn what_stands_in_the_jsons_place_is_pointed_at() {
        for (text, at) in [
            ("2\"x\"", 1),
            ("2/a,-1[1]", 4),
            ("212 [1]", 3),
            ("51--[1]", 3),
        ] {
            assert_eq!(length(text), Err(Violation::Head { at }), "{text}");
        }
    }
}
