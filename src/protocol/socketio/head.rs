//! The head of a packet, which is all before its JSON: is it sound, and how long is it.
//! Hands out no value from it: reading them is the packet parser's work, once this has let it through.

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
