//! The encodings that letters can take: a codec each, registered with the hub under a number.

use std::{fmt, sync::Arc};

use super::{Content, Frame};
use crate::{account::MemoryAccount, id::Token};

/// A registered (codec, view) pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodingId(pub(super) u32);

impl EncodingId {
    /// The encoding that was registered first. For a protocol that no letter ever reaches, too.
    pub const FIRST: Self = Self(0);
}

/// Makes the frame of one encoding: a codec, and a view from letter to letter before it.
pub trait Encoding: Send + Sync + 'static {
    /// Encodes what is said in a namespace, on any thread. The token is for clients that come back and ask for what they
    /// missed: a letter's own, of anything else that of the last letter before it; none where nothing of the namespace's log
    /// went before, and for an event to one client alone. An encoding that does not tell tokens is given any.
    ///
    /// # Errors
    /// It cannot be expressed; the text says why.
    fn encode(
        &self,
        namespace: &str,
        content: &Content,
        token: Option<Token>,
    ) -> Result<Frame, EncodeError>;

    /// As [`Encoding::encode`], for an event that each client may answer under this number, which is one for all of them.
    ///
    /// # Errors
    /// It cannot be expressed, as where there are no acks; the text says why.
    fn encode_asking(
        &self,
        _namespace: &str,
        _content: &Content,
        _token: Option<Token>,
        _ack: u64,
    ) -> Result<Frame, EncodeError> {
        Err(EncodeError("its form knows no acks".into()))
    }

    /// Whether frames have the token in them. They are encoded once the letter is in the log, on a courier's thread.
    fn tells_tokens(&self) -> bool {
        false
    }

    /// Whether something can be expressed, before it has a token: its sender is told if not. Encodes and forgets, unless
    /// there is a cheaper way to know.
    ///
    /// # Errors
    /// As [`Encoding::encode`].
    fn check(&self, namespace: &str, content: &Content) -> Result<(), EncodeError> {
        self.encode(namespace, content, None).map(drop)
    }
}

/// A letter that an encoding cannot express; the text says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodeError(pub Arc<str>);

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the letter cannot be encoded: {}", self.0)
    }
}

impl std::error::Error for EncodeError {}

/// All encodings of a hub, registered when it is built. Each letter has a place for the frame of each.
#[derive(Clone)]
pub struct Encodings {
    encodings: Arc<Vec<Arc<dyn Encoding>>>,
    tell_tokens: bool,
    account: Arc<MemoryAccount>,
}

impl Encodings {
    /// None yet. Frames are charged to `account`.
    pub fn new(account: Arc<MemoryAccount>) -> Self {
        Self {
            encodings: Arc::default(),
            tell_tokens: false,
            account,
        }
    }

    /// Registers one more. Clones that were taken before do not know it.
    pub fn register(&mut self, encoding: impl Encoding) -> EncodingId {
        let id = EncodingId(self.encodings.len() as u32);
        self.tell_tokens |= encoding.tells_tokens();
        Arc::make_mut(&mut self.encodings).push(Arc::new(encoding));
        id
    }

    /// What frames are charged to.
    pub fn account(&self) -> &Arc<MemoryAccount> {
        &self.account
    }

    /// Encodes something for one member alone, without a letter. The frame is on no account.
    pub fn encode(
        &self,
        encoding: EncodingId,
        namespace: &str,
        content: &Content,
    ) -> Result<Frame, EncodeError> {
        self.make(encoding, namespace, content, None, None)
    }

    /// A frame that is on no account.
    pub(super) fn make(
        &self,
        encoding: EncodingId,
        namespace: &str,
        content: &Content,
        token: Option<Token>,
        ack: Option<u64>,
    ) -> Result<Frame, EncodeError> {
        let codec = self.codec(encoding)?;
        match ack {
            Some(ack) => codec.encode_asking(namespace, content, token, ack),
            None => codec.encode(namespace, content, token),
        }
    }

    /// Whether some of them tell tokens.
    pub(crate) fn tell_tokens(&self) -> bool {
        self.tell_tokens
    }

    pub(super) fn codec(&self, encoding: EncodingId) -> Result<&dyn Encoding, EncodeError> {
        let codec = self.encodings.get(encoding.0 as usize);
        codec.map(AsRef::as_ref).ok_or_else(not_registered)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.encodings.len()
    }

    /// Whether none is registered.
    pub fn is_empty(&self) -> bool {
        self.encodings.is_empty()
    }
}

impl fmt::Debug for Encodings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encodings({})", self.len())
    }
}

pub(super) fn not_registered() -> EncodeError {
    EncodeError("its form is not registered with this hub".into())
}
