//! What runs for a member: the port of applications, and which of them runs in which namespace.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fmt,
    rc::Rc,
    sync::Arc,
};

use super::{
    Member,
    member::{AnswerItems, IncomingItems, OpenAnswer, TooManyStreams},
};
use crate::{
    error::CloseReason,
    letter::Content,
    ports::{Answer, ItemsAs, LocalFuture, Refusal},
};

/// The applications of a hub by namespace.
#[derive(Clone, Default)]
pub struct Applications(Arc<BTreeMap<Arc<str>, Arc<dyn Application>>>);

impl Applications {
    pub(super) fn of(&self, namespace: &str) -> Option<&Arc<dyn Application>> {
        self.0.get(namespace)
    }
}

impl FromIterator<(Arc<str>, Arc<dyn Application>)> for Applications {
    fn from_iter<T>(applications: T) -> Self
    where
        T: IntoIterator<Item = (Arc<str>, Arc<dyn Application>)>,
    {
        Self(Arc::new(applications.into_iter().collect()))
    }
}

impl fmt::Debug for Applications {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// An event as an application gets it.
pub struct Event {
    /// What is said.
    pub content: Content,
    /// Answers it, if the client asks for an answer.
    pub ack: Option<AckHandle>,
    /// Streams of items that the client sends with it.
    pub incoming: Vec<IncomingItems>,
}

/// Answers one event, once, whichever of its clones does.
#[derive(Clone)]
pub struct AckHandle {
    member: Rc<Member>,
    id: u64,
    taken: ItemsAs,
    state: Rc<AckState>,
}

#[derive(Default)]
struct AckState {
    answered: Cell<bool>,
    /// The client may cancel the items that it asked for before there are any.
    open: RefCell<Option<OpenAnswer>>,
}

impl fmt::Debug for AckHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckHandle")
            .field("id", &self.id)
            .field("open", &self.is_open())
            .finish_non_exhaustive()
    }
}

impl AckHandle {
    pub(crate) fn new(member: Rc<Member>, id: u64, taken: ItemsAs) -> Self {
        let state = AckState::default();
        if taken == ItemsAs::Items {
            state.open.replace(member.open_answer(id));
        }
        Self {
            member,
            id,
            taken,
            state: Rc::new(state),
        }
    }

    /// How the client takes an answer in items.
    pub fn taken(&self) -> ItemsAs {
        self.taken
    }

    /// Whether it has no answer yet.
    pub fn is_open(&self) -> bool {
        !self.state.answered.get()
    }

    /// Sends the answer, unless there was one before: `false` then.
    pub fn answer(&self, answer: &Answer) -> bool {
        // Marked first: sending may run other code of this member.
        let open = !self.state.answered.replace(true);
        if open {
            self.state.open.take();
            self.member.answer(self.id, answer);
        }
        open
    }

    /// Answers with items, as [`ItemsAs::Items`], or with the first of them; `crashed` is the failure of a stream that panics. They
    /// are polled in a task of their own, each when the one before is in the client's outbox and that has room, and dropped
    /// when the client cancels, or is gone. `false`: it has an answer already.
    ///
    /// # Errors
    /// As many such streams are under way to this client as may be; it has no answer yet.
    pub fn answer_items(
        &self,
        items: AnswerItems,
        crashed: Answer,
    ) -> Result<bool, TooManyStreams> {
        if !self.is_open() {
            return Ok(false);
        }
        let open = match self.taken {
            ItemsAs::Items => self.state.open.take(),
            ItemsAs::Answer | ItemsAs::Refused => self.member.open_answer(self.id),
        };
        let open = open.ok_or(TooManyStreams)?;
        self.state.answered.set(true);
        actix_rt::spawn(open.answer(items, self.taken, crashed));
        Ok(true)
    }
}

/// What an application does in a namespace. Its futures run on the session's thread.
pub trait Application: Send + Sync + 'static {
    /// A member has come in: the client has its CONNECT already. Events wait until the future ends.
    /// An error puts the member out again.
    fn connected(&self, member: Rc<Member>) -> LocalFuture<Result<(), Refusal>>;

    /// An event has come. It is handled at once, up to its first wait, before the next event is looked at; what is left to
    /// do then is returned.
    fn event(&self, member: Rc<Member>, event: Event) -> Option<LocalFuture<()>>;

    /// Whether it observes what goes to its members, from the beginning.
    fn observes(&self) -> bool {
        false
    }

    /// An event went to a member that is observed: since before it came in, where [`Application::observes`], or since
    /// [`Member::observe`].
    fn observed(&self, _: Rc<Member>, _: Content) -> Option<LocalFuture<()>> {
        None
    }

    /// The handling of an event panicked; `ack` if it had not answered yet.
    fn crashed(&self, member: Rc<Member>, name: &str, ack: Option<AckHandle>);

    /// The member is about to go: it has its seats, and what it says still goes out, but for its own client.
    fn disconnecting(&self, member: Rc<Member>, reason: CloseReason);

    /// The member is gone; its seats are being left.
    fn disconnected(&self, member: Rc<Member>, reason: CloseReason);
}
