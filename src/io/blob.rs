//! Bytes within data: a [`Blob`] anywhere in a serialized value travels as an attachment, and comes back as one.
//! Knows no packet: it leaves a placeholder in the JSON and the bytes in a list beside it.

use std::{
    cell::RefCell,
    hash::{BuildHasher, RandomState},
    sync::LazyLock,
};

use bytes::Bytes;
use memchr::memmem::Finder;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser, ser::SerializeMap};

use crate::placeholders::{self, BEFORE_NUMBER};

/// Bytes that travel beside the JSON. Only within what is emitted, answered or received.
///
/// ```
/// use dondo::Blob;
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Picture {
///     title: String,
///     pixels: Blob,
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blob(pub Bytes);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = BLOBS.with_borrow_mut(|blobs| {
            let Blobs { blobs, named } = blobs.as_mut()?;
            *named += 1;
            // One that a client names often is sent on once: else it would grow with each name.
            let is_same =
                |other: &Bytes| (other.as_ptr(), other.len()) == (self.0.as_ptr(), self.0.len());
            let present = blobs.iter().position(is_same);
            Some(present.unwrap_or_else(|| {
                blobs.push(self.0.clone());
                blobs.len() - 1
            }))
        });
        let number = number.ok_or_else(|| ser::Error::custom("a blob is only part of events"))?;
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("_placeholder", &true)?;
        map.serialize_entry("num", &number)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct BlobPlaceholder {
            _placeholder: bool,
            num: usize,
        }
        let BlobPlaceholder { _placeholder, num } = BlobPlaceholder::deserialize(deserializer)?;
        numbered(num)
            .filter(|_| _placeholder)
            .ok_or_else(|| de::Error::custom(NO_ATTACHMENT))
    }
}

/// What is wrong with a placeholder whose number is not one of an attachment.
pub(super) const NO_ATTACHMENT: &str = "a placeholder names no attachment";

/// Whether the event that is being read has attachments.
pub(super) fn is_provided() -> bool {
    BLOBS.with_borrow(|blobs| blobs.as_ref().is_some_and(|all| !all.blobs.is_empty()))
}

/// One attachment of the event that is being read.
pub(super) fn numbered(number: usize) -> Option<Blob> {
    BLOBS.with_borrow(|blobs| blobs.as_ref()?.blobs.get(number).cloned().map(Blob))
}

/// A field that placeholders have while they are read: what has no room for a blob keeps it, and is known by it. No client knows
/// its name, which is another one in each process.
static MARK: LazyLock<Finder<'static>> = LazyLock::new(|| {
    let secret = RandomState::new().hash_one(BEFORE_NUMBER);
    let field = format!(r#""_read_without_its_blob_{secret:016x}":true"#);
    Finder::new(&field).into_owned()
});

/// The JSON text of an event with attachments, its placeholders marked.
pub(super) fn marked(text: &[u8]) -> Vec<u8> {
    placeholders::replaced(text, |out, number| {
        out.extend_from_slice(format!("{BEFORE_NUMBER}{number},").as_bytes());
        out.extend_from_slice(MARK.needle());
        out.push(b'}');
    })
}

/// Whether data that is to be sent has a placeholder of an attachment that it was read without.
pub(super) fn is_lost(text: &[u8]) -> bool {
    // Most processes never read an attachment: nothing has the mark there.
    LazyLock::get(&MARK).is_some_and(|mark| mark.find(text).is_some())
}

/// The text of data that were written with their blobs, which have numbers from `first` on now.
pub(super) fn renumbered(text: &[u8], first: usize) -> Vec<u8> {
    placeholders::replaced(text, |out, number| {
        placeholders::put(out, first.saturating_add(number));
    })
}

/// What `write` answers, and the blobs that were serialized meanwhile.
pub(super) fn collect<T>(write: impl FnOnce() -> T) -> (T, Blobs) {
    let scope = Scope::open(Blobs::default());
    let written = write();
    (written, scope.close())
}

/// Forgets the blobs that were serialized since the last [`collect`] began.
pub(super) fn discard() {
    BLOBS.with_borrow_mut(|blobs| {
        if let Some(Blobs { blobs, named }) = blobs {
            blobs.clear();
            *named = 0;
        }
    });
}

/// What `read` answers, with `blobs` at hand for the placeholders.
pub(super) fn provide<T>(blobs: &[Bytes], read: impl FnOnce() -> T) -> T {
    let _scope = Scope::open(Blobs {
        blobs: blobs.to_vec(),
        named: 0,
    });
    read()
}

/// Lets `blobs` travel with the data that is being written, under the numbers they have in `text`. An error where others have
/// taken these numbers, or where nothing is being written.
pub(super) fn pass_on(text: &Bytes, blobs: &[Bytes]) -> Result<(), &'static str> {
    BLOBS.with_borrow_mut(|taken| match taken {
        _ if blobs.is_empty() => Ok(()),
        None => Err("a blob is only part of events"),
        Some(taken) if taken.blobs.is_empty() => {
            taken.blobs.extend_from_slice(blobs);
            taken.named += seen(text).ok_or(NO_ATTACHMENT)?;
            Ok(())
        }
        Some(_) => Err("arguments with blobs are passed on before any other blob, and once"),
    })
}

/// How many placeholders clients will see in data that are to be sent, if they can be told.
pub(super) fn seen(text: &[u8]) -> Option<usize> {
    placeholders::count(str::from_utf8(text).ok()?).ok()
}

/// The blobs of an event that is being written or read.
#[derive(Debug, Default)]
pub(super) struct Blobs {
    pub(super) blobs: Vec<Bytes>,
    /// Placeholders that were written for them. Whatever else looks like one is data that would be taken for a blob.
    pub(super) named: usize,
}

thread_local! {
    /// Those of this thread: serde hands nothing along.
    static BLOBS: RefCell<Option<Blobs>> = const { RefCell::new(None) };
}

/// Puts back what was there before, however it ends.
struct Scope(Option<Blobs>);

impl Scope {
    fn open(blobs: Blobs) -> Self {
        Self(BLOBS.replace(Some(blobs)))
    }

    fn close(self) -> Blobs {
        BLOBS.take().unwrap_or_default()
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        BLOBS.set(self.0.take());
    }
}
