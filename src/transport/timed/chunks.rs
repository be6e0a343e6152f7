//! Where a chunked body ends. It takes what actix-http takes, which has the word: what it would refuse is no end either.

/// Where in a chunked body it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ChunkPlace {
    #[default]
    SizeBegin,
    Size,
    Blank,
    Extension,
    SizeEnd,
    Data,
    DataReturn,
    DataEnd,
    /// At the beginning of a trailer's line, or at the end.
    Line,
    Trailer,
    TrailerEnd,
    End,
    Over,
}

/// The rest of a chunked body.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chunks {
    at: ChunkPlace,
    /// Of the present chunk.
    left: u64,
}

/// A body that actix-http refuses.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadChunk;

impl Chunks {
    /// How many of these bytes are of the body.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<usize, BadChunk> {
        let mut taken = 0;
        while taken < bytes.len() && self.at != ChunkPlace::Over {
            if self.at == ChunkPlace::Data {
                let here = bytes.len() - taken;
                let count = usize::try_from(self.left).map_or(here, |left| left.min(here));
                taken += count;
                self.left -= count as u64;
                if self.left == 0 {
                    self.at = ChunkPlace::DataReturn;
                }
                continue;
            }
            self.at = self.after(bytes[taken])?;
            taken += 1;
        }
        Ok(taken)
    }

    pub(super) fn is_over(&self) -> bool {
        self.at == ChunkPlace::Over
    }

    fn after(&mut self, byte: u8) -> Result<ChunkPlace, BadChunk> {
        let digit = char::from(byte).to_digit(16).map(u64::from);
        Ok(match (self.at, byte) {
            (ChunkPlace::SizeBegin, _) => {
                self.left = digit.ok_or(BadChunk)?;
                ChunkPlace::Size
            }
            (ChunkPlace::Size, _) if digit.is_some() => {
                let left = self.left.checked_mul(16).ok_or(BadChunk)?;
                self.left = left + digit.unwrap_or_default();
                ChunkPlace::Size
            }
            (ChunkPlace::Size | ChunkPlace::Blank, b' ' | b'\t') => ChunkPlace::Blank,
            (ChunkPlace::Size | ChunkPlace::Blank, b';') => ChunkPlace::Extension,
            (ChunkPlace::Size | ChunkPlace::Blank | ChunkPlace::Extension, b'\r') => {
                ChunkPlace::SizeEnd
            }
            (ChunkPlace::Extension, b'\t' | 0x20..=0x7e | 0x80..) => ChunkPlace::Extension,
            (ChunkPlace::SizeEnd, b'\n') if self.left == 0 => ChunkPlace::Line,
            (ChunkPlace::SizeEnd, b'\n') => ChunkPlace::Data,
            (ChunkPlace::DataReturn, b'\r') => ChunkPlace::DataEnd,
            (ChunkPlace::DataEnd, b'\n') => ChunkPlace::SizeBegin,
            (ChunkPlace::Line, b'\r') => ChunkPlace::End,
            (ChunkPlace::Trailer, b'\r') => ChunkPlace::TrailerEnd,
            (ChunkPlace::Line | ChunkPlace::Trailer, _) => ChunkPlace::Trailer,
            (ChunkPlace::TrailerEnd, b'\n') => ChunkPlace::Line,
            (ChunkPlace::End, b'\n') => ChunkPlace::Over,
            _ => return Err(BadChunk),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// How many bytes are of the body where they come in pieces of this size.
    fn taken(bytes: &[u8], size: usize) -> Result<(usize, bool), BadChunk> {
        let (mut chunks, mut all) = (Chunks::default(), 0);
        for piece in bytes.chunks(size) {
            let taken = chunks.take(piece)?;
            all += taken;
            if taken < piece.len() {
                break;
            }
        }
        Ok((all, chunks.is_over()))
    }

    /// Fails if a body ends earlier or later than its last chunk and its trailers say, wherever it is cut.
    #[test]
    fn a_body_ends_behind_its_last_chunk_and_its_trailers() {
        for body in [
            "0\r\n\r\n",
            "3\r\nabc\r\n0\r\n\r\n",
            "00A;x=\"y\"\r\n0\r\n\r\n12345\r\n1 \t\r\n\n\r\n0\r\nX: y\r\nZ: 0\r\n\r\n",
        ] {
            let all = format!("{body}0\r\n\r\nGET /");
            for size in 1..all.len() {
                let expected = Ok((body.len(), true));
                assert_eq!(taken(all.as_bytes(), size), expected, "{body:?} by {size}");
            }
            let cut = &body.as_bytes()[..body.len() - 1];
            assert_eq!(taken(cut, 2), Ok((cut.len(), false)), "{body:?}");
        }
    }

    /// Fails if something is taken for a body that actix-http refuses: then the two see the next head at different places.
    #[test]
    fn what_is_no_body_is_none() {
        for body in [
            "\r\n",
            "x\r\n",
            "-1\r\n",
            "1\n",
            "1 1\r\n",
            "1\r\nab\r\n",
            "1\r\na\n",
            "1;\n\r\n",
            "0\r\n\rx",
            "0\r\nX: y\rx",
            "fffffffffffffffff\r\n",
        ] {
            assert_eq!(taken(body.as_bytes(), 1), Err(BadChunk), "{body:?}");
        }
    }
}
