//! A body that does not end, in the pieces that actix-http is given of it.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use bytes::Bytes;

/// Bytes handed out between two flushes: actix-http's write buffer keeps whatever size it once grew to.
const PIECE: usize = 4096;

/// What is to go out, in its order.
#[derive(Default)]
pub(super) struct Pieces {
    pub(super) queue: VecDeque<Bytes>,
    /// Bytes handed out since the last flush.
    given: usize,
}

impl Pieces {
    /// What begins with these bytes.
    pub(super) fn of(first: Bytes) -> Self {
        Self {
            queue: [first].into(),
            given: 0,
        }
    }

    /// The next piece; none where nothing waits, so that a body is over or pending, which flushes. Pending itself, with a wake,
    /// where actix-http is to flush first.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(front) = self.queue.front_mut() else {
            self.given = 0;
            return Poll::Ready(None);
        };
        // Before a piece is cut: one without bytes would be the end of a chunked body.
        if self.given >= PIECE {
            self.given = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let piece = front.split_to(front.len().min(PIECE - self.given));
        self.given += piece.len();
        if front.is_empty() {
            self.queue.pop_front();
            if self.queue.is_empty() && self.queue.capacity() > 64 {
                self.queue = VecDeque::new();
            }
        }
        Poll::Ready(Some(piece))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::task::Waker;

    use super::*;

    /// Fails if bytes are lost or doubled, if more than [`PIECE`] goes out between two flushes, or if a piece has no bytes,
    /// which ends a chunked body.
    #[test]
    fn whatever_lengths_wait_each_piece_has_bytes_and_few_go_out_at_once() {
        let rows = [
            vec![PIECE],
            vec![PIECE, 1],
            vec![PIECE - 1, 1, PIECE],
            vec![1; 3 * PIECE],
            vec![3 * PIECE + 7, PIECE, 2],
            vec![PIECE / 2, PIECE / 2, PIECE / 2, PIECE / 2],
        ];
        let cx = &mut Context::from_waker(Waker::noop());
        for lengths in rows {
            let sent: Vec<u8> = (0..lengths.iter().sum()).map(|at| at as u8).collect();
            let mut rest = Bytes::from(sent.clone());
            let mut pieces = Pieces::default();
            let cut = lengths.iter().map(|&length| rest.split_to(length));
            pieces.queue.extend(cut);
            let (mut got, mut unflushed) = (Vec::new(), 0);
            loop {
                match pieces.poll_next(cx) {
                    Poll::Pending => unflushed = 0,
                    Poll::Ready(None) => break,
                    Poll::Ready(Some(piece)) => {
                        assert!(!piece.is_empty(), "{lengths:?} after {}", got.len());
                        unflushed += piece.len();
                        assert!(unflushed <= PIECE, "{lengths:?}: {unflushed}");
                        got.extend_from_slice(&piece);
                    }
                }
            }
            assert!(got == sent, "{lengths:?}");
        }
    }
}
