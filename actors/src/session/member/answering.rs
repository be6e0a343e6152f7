//! Answers that come in items: a stream of the application's, polled no faster than its client reads, until one of the two has
//! enough.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fmt::Display,
    panic::AssertUnwindSafe,
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use futures_util::{FutureExt, Stream, StreamExt};
use tokio::sync::Semaphore;

use super::{
    Member,
    outgoing::{Outgoing, OwnFrame},
};
use crate::{
    letter::Frame,
    notice::cause,
    ports::{Answer, ItemsAs},
};

/// Answers in items that are under way to one client at once. Beside them its messages are read: they hold no unit.
pub(super) const STREAMS_MAX: usize = 128;

/// The items of an answer, each one argument. A failure ends them: what an ack would say of it.
pub type AnswerItems = Pin<Box<dyn Stream<Item = Result<Answer, Answer>>>>;

/// As many streams are under way to one client, or from it, as may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyStreams;

/// Those of one member.
pub(super) struct OpenAnswers {
    open: RefCell<BTreeMap<u64, Wanted>>,
    next: Cell<u64>,
    /// Whose item is on its way to the outbox. One: those of a client take turns.
    place: Arc<Semaphore>,
}

impl Default for OpenAnswers {
    fn default() -> Self {
        Self {
            open: RefCell::default(),
            next: Cell::default(),
            place: Arc::new(Semaphore::new(1)),
        }
    }
}

/// An answer that the client has not cancelled.
struct Wanted {
    ack: u64,
    task: Waker,
}

impl OpenAnswers {
    fn cancel(&self, which: impl Fn(&Wanted) -> bool) {
        let cancelled = |_: &u64, wanted: &mut Wanted| which(wanted);
        let cancelled: Vec<_> = self.open.borrow_mut().extract_if(.., cancelled).collect();
        for (_, wanted) in cancelled {
            wanted.task.wake();
        }
    }

    pub(super) fn end(&self) {
        self.cancel(|_| true);
    }
}

/// The place of an answer in items.
pub(in crate::session) struct OpenAnswer {
    member: Rc<Member>,
    ack: u64,
    key: u64,
}

impl Drop for OpenAnswer {
    fn drop(&mut self) {
        self.answers().open.borrow_mut().remove(&self.key);
    }
}

impl Member {
    /// A place for an answer in items, unless all are taken.
    pub(in crate::session) fn open_answer(self: &Rc<Self>, ack: u64) -> Option<OpenAnswer> {
        let answers = &self.streams().answers;
        let mut open = answers.open.borrow_mut();
        if open.len() >= STREAMS_MAX || self.has_ended() {
            return None;
        }
        let key = answers.next.replace(answers.next.get() + 1);
        let task = Waker::noop().clone();
        open.insert(key, Wanted { ack, task });
        Some(OpenAnswer {
            member: self.clone(),
            ack,
            key,
        })
    }

    /// The client takes no more items of an answer.
    pub(in crate::session) fn cancel(&self, ack: u64) {
        if let Some(streams) = self.streams.get() {
            streams.answers.cancel(|wanted| wanted.ack == ack);
        }
    }

    /// The log is told of a handler that panicked, by what it handles; what it said of it is nobody's.
    pub(in crate::session) fn handler_panicked(
        &self,
        which: impl Display,
        payload: Box<dyn Any + Send>,
    ) {
        std::mem::forget(payload);
        let namespace = self.namespace();
        cause::HANDLER_PANICKED.tell(
            self.peer(),
            None,
            format_args!("{which} in {namespace} panicked; its session goes on"),
        );
    }
}

impl OpenAnswer {
    fn answers(&self) -> &OpenAnswers {
        &self.member.streams().answers
    }

    pub(in crate::session) async fn answer(
        self,
        items: AnswerItems,
        taken: ItemsAs,
        crashed: Answer,
    ) {
        let told = AssertUnwindSafe(self.while_wanted(async {
            match taken {
                ItemsAs::Items => self.tell(items).await,
                ItemsAs::Answer | ItemsAs::Refused => Some(first(items).await),
            }
        }));
        let told = told.catch_unwind().await.unwrap_or_else(|payload| {
            self.member
                .handler_panicked("the items of an answer", payload);
            Some(Some(crashed))
        });
        let told = told.flatten();
        match taken {
            ItemsAs::Items => {
                let protocol = self.member.parts.protocol.borrow();
                let end = protocol.items_end(self.member.namespace(), self.ack, told.as_ref());
                drop(protocol);
                end.into_iter()
                    .for_each(|end| self.member.own(end, false, None));
            }
            // Nobody is there to be told anything else.
            ItemsAs::Answer | ItemsAs::Refused => told
                .iter()
                .for_each(|answer| self.member.answer(self.ack, answer)),
        }
    }

    /// Tells items until there are no more, or a failure.
    async fn tell(&self, mut items: AnswerItems) -> Option<Answer> {
        while let Some(item) = items.next().await {
            let item = match item {
                Ok(item) => item,
                Err(failure) => return Some(failure),
            };
            let place = self.answers().place.clone().acquire_owned().await.ok();
            self.member.parts.outbox.calm().await;
            let frame = self.frame(&item)?;
            let frame = frame.charged_to_its_client(self.member.hub().account());
            self.member.enqueue(Outgoing::Own(OwnFrame {
                frame,
                volatile: false,
                observed: None,
                place,
            }));
        }
        None
    }

    fn frame(&self, item: &Answer) -> Option<Frame> {
        let protocol = self.member.parts.protocol.borrow();
        protocol.item(self.member.namespace(), self.ack, item)
    }

    /// What it comes to, unless the client cancels before, or is gone: then it is dropped.
    async fn while_wanted<T>(&self, told: impl Future<Output = T>) -> Option<T> {
        let mut told = pin!(told);
        std::future::poll_fn(|cx| match self.poll_cancelled(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => told.as_mut().poll(cx).map(Some),
        })
        .await
    }

    fn poll_cancelled(&self, cx: &mut Context<'_>) -> Poll<()> {
        match self.answers().open.borrow_mut().get_mut(&self.key) {
            None => Poll::Ready(()),
            Some(wanted) => {
                wanted.task.clone_from(cx.waker());
                Poll::Pending
            }
        }
    }
}

async fn first(mut items: AnswerItems) -> Answer {
    let first = items
        .next()
        .await
        .map(|first| first.unwrap_or_else(|failure| failure));
    first.unwrap_or_default()
}
