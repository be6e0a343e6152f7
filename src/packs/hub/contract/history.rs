//! What a join asks of what was said before (contract 3.3).
//! Refuses to know what is kept.

use dondo_actors::{id::Token, message::HistoryRequest};

use super::{
    fault::{Code, Fault},
    json,
    payload::Payload,
};

/// The most letters that a join may ask for by their number.
const ASKED_MAX: usize = 100;
/// The most that it is told where it names a position alone.
const SINCE_MAX: usize = 1000;

/// `data.history` and `data.since`; `None` where neither is there, `bad_payload` for one of the wrong kind.
pub(crate) fn asked(payload: &Payload) -> Result<Option<HistoryRequest>, Fault> {
    let count = payload.field("history").map(count).transpose()?;
    let since = payload.field("since").map(token).transpose()?;
    Ok(
        (count.is_some() || since.is_some()).then(|| HistoryRequest {
            since,
            count: count.unwrap_or(SINCE_MAX),
            bytes: usize::MAX,
            cut: false,
        }),
    )
}

fn count(raw: &[u8]) -> Result<usize, Fault> {
    let count = serde_json::from_slice(raw).ok();
    count.filter(|count| *count <= ASKED_MAX).ok_or_else(|| {
        let message = format!("data.history is an integer from 0 to {ASKED_MAX}");
        Fault::new(Code::BadPayload, message)
    })
}

fn token(raw: &[u8]) -> Result<Token, Fault> {
    let text = json::string(raw);
    text.and_then(|text| Token::parse(&text)).ok_or_else(|| {
        let message = "data.since is the position that the ack of an earlier join told";
        Fault::new(Code::BadPayload, message)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bytes::Bytes;
    use dondo_actors::{id::Epoch, letter::Content};

    use super::{super::payload::Use, *};

    fn read(data: &str) -> Result<Option<HistoryRequest>, Code> {
        let content = Content {
            name: "join-room".into(),
            args: Bytes::from(format!(r#"{{"data":{data}}}"#)),
            blobs: Vec::new(),
        };
        let payload = Payload::read(&content.into(), Use::Command).unwrap();
        asked(&payload).map_err(|fault| fault.code)
    }

    fn request(count: usize, since: Option<u64>) -> Result<Option<HistoryRequest>, Code> {
        Ok(Some(HistoryRequest {
            since: since.map(|cursor| Token {
                epoch: Epoch(10),
                cursor,
            }),
            count,
            bytes: usize::MAX,
            cut: false,
        }))
    }

    #[test]
    fn a_join_may_ask_for_the_last_letters_or_for_those_since_a_position() {
        assert_eq!(read(r#"{"roomId":"r"}"#), Ok(None));
        assert_eq!(
            read(r#"{"roomId":"r","history":null,"since":""}"#),
            Ok(None)
        );
        assert_eq!(read(r#"{"roomId":"r","history":20}"#), request(20, None));
        assert_eq!(read(r#"{"RoomId":"r","History":0}"#), request(0, None));
        assert_eq!(read(r#"{"since":"a-ff"}"#), request(1000, Some(255)));
        assert_eq!(
            read(r#"{"since":"a-0","history":100}"#),
            request(100, Some(0))
        );
    }

    #[test]
    fn what_is_no_number_and_no_position_is_a_bad_payload() {
        for data in [
            r#"{"history":101}"#,
            r#"{"history":-1}"#,
            r#"{"history":1.5}"#,
            r#"{"history":"20"}"#,
            r#"{"history":{}}"#,
            r#"{"since":1}"#,
            r#"{"since":"a"}"#,
            r#"{"since":"a-g"}"#,
            r#"{"since":{}}"#,
        ] {
            assert_eq!(read(data), Err(Code::BadPayload), "{data}");
        }
    }
}
