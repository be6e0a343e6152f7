//! Records and their ends.

use super::{
    super::{format::SEPARATOR, record::RecordFault},
    *,
};

fn opened(format: &str, limit: usize) -> Records {
    let mut records = Records::new(limit);
    let opening = format!("{{\"protocol\":\"{format}\",\"version\":1}}\u{1e}");
    // Longer than some limits below.
    records.limit = opening.len();
    assert!(records.take(&mut opening.into()).unwrap().is_some());
    records.limit = limit;
    records
}

fn all(records: &mut Records, piece: &[u8]) -> Vec<Bytes> {
    let mut input = Bytes::copy_from_slice(piece);
    std::iter::from_fn(|| records.take(&mut input).unwrap()).collect()
}

/// Fails if bytes behind a handshake are lost, or its format is not that of what follows.
#[test]
fn a_handshake_and_messages_may_come_in_one_piece_or_byte_by_byte() {
    for (wire, expected) in [
        (
            &b"{\"protocol\":\"json\",\"version\":1}\x1e{\"type\":6}\x1e{}\x1e"[..],
            [
                &b"{\"protocol\":\"json\",\"version\":1}"[..],
                b"{\"type\":6}",
                b"{}",
            ],
        ),
        (
            b"{\"protocol\":\"messagepack\",\"version\":1}\x1e\x02\x91\x06\x03\x92\x09\x1e",
            [
                b"{\"protocol\":\"messagepack\",\"version\":1}",
                b"\x91\x06",
                b"\x92\x09\x1e",
            ],
        ),
    ] {
        let whole = all(&mut Records::new(100), wire);
        assert_eq!(whole, expected);
        let mut records = Records::new(100);
        let pieces: Vec<_> = wire
            .chunks(1)
            .flat_map(|byte| all(&mut records, byte))
            .collect();
        assert_eq!(pieces, expected);
        assert_eq!(records.pending_bytes(), 0);
        let mut records = Records::new(100);
        let (first, second) = wire.split_at(5);
        assert_eq!(all(&mut records, first), Vec::<Bytes>::new());
        assert_eq!(records.pending_bytes(), 5);
        assert_eq!(all(&mut records, second), expected);
    }
}

/// Fails if a whole record is copied.
#[test]
fn a_record_in_one_piece_is_a_slice_of_it() {
    let mut records = opened("json", 100);
    let piece = Bytes::from_static(b"{\"type\":6}\x1e");
    let record = records.take(&mut piece.clone()).unwrap().unwrap();
    assert_eq!(record.as_ptr(), piece.as_ptr());
}

/// Fails if the limit counts frames, or is off by one.
#[test]
fn the_limit_is_of_a_record_without_its_frame() {
    for pieces in [1, 7, 200] {
        let taken = |format: &str, wire: &[u8]| {
            let mut records = opened(format, 100);
            for piece in wire.chunks(pieces) {
                match records.take(&mut Bytes::copy_from_slice(piece)) {
                    Ok(None) => {}
                    done => return done.map(|record| record.map(|record| record.len())),
                }
            }
            Ok(None)
        };
        let json = |length: usize| [vec![b' '; length], vec![SEPARATOR]].concat();
        assert_eq!(taken("json", &json(100)), Ok(Some(100)));
        let endless = RecordFault::Endless { limit: 100 };
        assert_eq!(taken("json", &json(101)), Err(endless));
        let packed = |length: usize| [vec![length as u8], vec![0; length]].concat();
        assert_eq!(taken("messagepack", &packed(100)), Ok(Some(100)));
        let (length, limit) = (101, 100);
        let too_large = RecordFault::TooLarge { length, limit };
        assert_eq!(taken("messagepack", &packed(101)), Err(too_large));
    }
}

/// Fails if a length is waited for that no record can have, or one in more bytes than it needs is refused.
#[test]
fn a_length_is_a_number_of_31_bits_in_at_most_five_bytes() {
    let limit = i32::MAX as usize;
    for (wire, expected) in [
        (&b"\x80\x80\x80\x80\x80\x00"[..], Err(RecordFault::Length)),
        (b"\xff\xff\xff\xff\x0f", Err(RecordFault::Length)),
        (b"\xff\xff\xff\xff\x08", Err(RecordFault::Length)),
        (b"\xff\xff\xff\xff\xff", Err(RecordFault::Length)),
        (b"\xff\xff\xff\xff\x07", Ok(None)),
        (b"\xff\xff\xff\xff", Ok(None)),
        (b"\x82\x80\x00\x91\x06", Ok(Some(2))),
        (b"\x00", Ok(Some(0))),
    ] {
        let mut records = opened("messagepack", limit);
        let taken = records.take(&mut Bytes::from_static(wire));
        let taken = taken.map(|record| record.map(|record| record.len()));
        assert_eq!(taken, expected, "{wire:02x?}");
        assert_eq!(
            records.gathered.capacity(),
            0,
            "nothing is held for a claim"
        );
    }
}

/// Fails if what was looked at is looked at again with each byte that comes.
#[test]
fn an_endless_record_costs_one_look_at_each_byte() {
    const BYTES: usize = 100_000;
    let mut records = Records::new(BYTES);
    for _ in 0..BYTES {
        assert_eq!(records.take(&mut Bytes::from_static(b"x")), Ok(None));
    }
    let endless = Err(RecordFault::Endless { limit: BYTES });
    assert_eq!(records.take(&mut Bytes::from_static(b"x")), endless);
    assert_eq!(records.looked_at, BYTES + 1);
    // Of what comes at once no more is looked at than may be there.
    let mut records = Records::new(10);
    assert!(records.take(&mut vec![b'x'; BYTES].into()).is_err());
    assert_eq!(records.looked_at, 11);
}
