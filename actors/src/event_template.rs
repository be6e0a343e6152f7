//! An event composed once, on its sender's thread, with holes for what only the room knows: whoever fills it copies
//! bytes and reads none of them.

use std::{
    ops::Range,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;

use crate::{error::LeaveReason, id::ChannelScope, letter::Content};

/// What a room knows of a join or a leave when it tells its members.
#[derive(Clone, Copy, Debug)]
pub struct MembershipChange<'a> {
    /// The channel of the address.
    pub tag: &'a ChannelScope,
    /// Members that match the address now.
    pub count: usize,
    /// Why, for leaves.
    pub reason: Option<LeaveReason>,
    /// When.
    pub time: SystemTime,
}

/// What takes the place of a range of a template's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hole {
    /// The address's channel as a JSON string; an address without one leaves the text as it is.
    Channel,
    /// The members that match the address, in decimal.
    Count,
    /// The reason as a JSON string; the text stays where there is none.
    Reason,
    /// The time in UTC (RFC 3339, milliseconds) as a JSON string.
    Time,
}

/// An event with holes. Clones share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTemplate(Arc<Template>);

#[derive(Debug, PartialEq, Eq)]
struct Template {
    name: Arc<str>,
    args: Bytes,
    holes: Box<[(Range<usize>, Hole)]>,
    blobs: Vec<Bytes>,
}

impl EventTemplate {
    /// An event `name` whose arguments are `args` (as in [`Content::args`]) with these ranges replaced. Holes that are
    /// not in the order of the text, or reach beyond it, are not filled.
    pub fn new(
        name: Arc<str>,
        args: Bytes,
        holes: Vec<(Range<usize>, Hole)>,
        blobs: Vec<Bytes>,
    ) -> Self {
        Self(Arc::new(Template {
            name,
            args,
            holes: holes.into(),
            blobs,
        }))
    }

    /// The event. Without holes its text is shared, not copied.
    pub fn fill(&self, change: &MembershipChange<'_>) -> Content {
        let Template {
            name,
            args,
            holes,
            blobs,
        } = &*self.0;
        Content {
            name: name.clone(),
            args: match holes.is_empty() {
                true => args.clone(),
                false => filled(args, holes, change).into(),
            },
            blobs: blobs.clone(),
        }
    }

    /// Bytes that it holds in memory.
    pub fn bytes(&self) -> usize {
        let Template {
            name,
            args,
            holes,
            blobs,
        } = &*self.0;
        let blobs: usize = blobs
            .iter()
            .map(|blob| blob.len() + size_of::<Bytes>())
            .sum();
        size_of::<Template>() + name.len() + args.len() + size_of_val(&**holes) + blobs
    }
}

fn filled(text: &[u8], holes: &[(Range<usize>, Hole)], change: &MembershipChange<'_>) -> Vec<u8> {
    let channel = change.tag.as_ref().map_or(0, |tag| tag.len());
    let mut out = Vec::with_capacity(text.len() + holes.len() * (32 + channel));
    let mut copied = 0;
    for (range, hole) in holes {
        let (Some(before), Some(given)) = (text.get(copied..range.start), text.get(range.clone()))
        else {
            continue;
        };
        out.extend_from_slice(before);
        write(&mut out, *hole, given, change);
        copied = range.end;
    }
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
    out
}

fn write(out: &mut Vec<u8>, hole: Hole, given: &[u8], change: &MembershipChange<'_>) {
    match hole {
        Hole::Count => out.extend_from_slice(change.count.to_string().as_bytes()),
        Hole::Channel => match change.tag {
            Some(channel) => write_string(out, channel),
            None => out.extend_from_slice(given),
        },
        Hole::Reason => match change.reason {
            Some(reason) => write_string(out, reason.as_str()),
            None => out.extend_from_slice(given),
        },
        Hole::Time => {
            // The formatter panics on a clock before 1970.
            let time = humantime::format_rfc3339_millis(change.time.max(UNIX_EPOCH));
            write_string(out, &time.to_string());
        }
    }
}

/// Appends a text as a JSON string.
fn write_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for &byte in text.as_bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn change(tag: &ChannelScope, reason: Option<LeaveReason>) -> MembershipChange<'_> {
        MembershipChange {
            tag,
            count: 12,
            reason,
            time: UNIX_EPOCH + Duration::from_millis(1_630_497_600_123),
        }
    }

    fn template(text: &'static str, holes: Vec<(Range<usize>, Hole)>) -> EventTemplate {
        EventTemplate::new(
            "e".into(),
            Bytes::from_static(text.as_bytes()),
            holes,
            vec![],
        )
    }

    #[test]
    fn holes_are_filled_in_place_and_keep_their_text_where_nothing_is_known() {
        let holes = vec![
            (1..5, Hole::Channel),
            (6..6, Hole::Count),
            (7..7, Hole::Reason),
            (8..8, Hole::Time),
        ];
        let told = template("[null,,,]", holes);
        assert_eq!(
            &told
                .fill(&change(&Some("a\"\\\n".into()), Some(LeaveReason::Kick)))
                .args[..],
            br#"["a\"\\\u000a",12,"kick","2021-09-01T12:00:00.123Z"]"#
        );
        assert_eq!(
            &told.fill(&change(&None, None)).args[..],
            br#"[null,12,,"2021-09-01T12:00:00.123Z"]"#
        );
    }

    #[test]
    fn an_event_without_holes_shares_its_text() {
        let told = template("{}", vec![]);
        let args = told.fill(&change(&None, None)).args;
        assert_eq!(args.as_ptr(), told.0.args.as_ptr());
    }

    #[test]
    fn holes_out_of_order_or_beyond_the_text_are_left_alone() {
        let told = template(
            "ab",
            vec![
                (1..1, Hole::Count),
                (0..0, Hole::Count),
                (2..9, Hole::Count),
            ],
        );
        assert_eq!(&told.fill(&change(&None, None)).args[..], b"a12b");
    }
}
