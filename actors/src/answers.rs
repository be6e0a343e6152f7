//! What other threads answer to this one. Of the tasks that another thread wakes, tokio's `LocalSet` runs one for every
//! thirty-one of its own (`REMOTE_FIRST_INTERVAL` in tokio's `task/local.rs`), in the order in which they were woken. When
//! each answer woke its asker, a courier's mail waited behind a thousand answers to joins, for tens of milliseconds. So they
//! come through one task of the thread, which wakes the askers as the thread's own.

use std::cell::RefCell;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

type AnswerCall = Box<dyn FnOnce() + Send>;

thread_local! {
    static HERE: RefCell<Option<Answers>> = const { RefCell::new(None) };
}

/// Where a thread hears its answers. What waits there it asked for, which bounds it.
#[derive(Clone, Debug)]
pub(crate) struct Answers(UnboundedSender<AnswerCall>);

impl Answers {
    /// From now on the present thread hears its answers through one task.
    #[allow(
        clippy::disallowed_methods,
        reason = "what waits is bounded by what the thread asked for"
    )]
    pub(crate) fn hear() {
        if Self::here().is_none() {
            let (to, heard) = unbounded_channel();
            actix_rt::spawn(AnswerTask(heard).run());
            HERE.set(Some(Self(to)));
        }
    }

    /// Those of the present thread, if it hears them so.
    pub(crate) fn here() -> Option<Self> {
        HERE.with_borrow(Clone::clone)
    }

    /// Gives an answer to `home`, the thread that asked; at once if that is this one, or has no task for it.
    pub(crate) fn give(home: Option<&Self>, answer: impl FnOnce() + Send + 'static) {
        match home.filter(|home| !home.is_here()) {
            // A thread that has ended waits for nothing.
            Some(Self(to)) => drop(to.send(Box::new(answer))),
            None => answer(),
        }
    }

    fn is_here(&self) -> bool {
        let is_here = |here: &RefCell<Option<Self>>| {
            let here = here.borrow();
            here.as_ref()
                .is_some_and(|here| here.0.same_channel(&self.0))
        };
        HERE.try_with(is_here).unwrap_or(false)
    }
}

struct AnswerTask(UnboundedReceiver<AnswerCall>);

impl AnswerTask {
    async fn run(mut self) {
        while let Some(answer) = self.0.recv().await {
            answer();
        }
    }
}

impl Drop for AnswerTask {
    /// The thread's runtime ends; it may have another one later.
    fn drop(&mut self) {
        let _ = HERE.try_with(|here| here.replace(None));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{
        future::poll_fn,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering::Relaxed},
        },
        task::Poll,
        thread,
    };

    use actix_rt::System;
    use tokio::{sync::oneshot, task::yield_now};

    use super::*;
    use crate::mailbox::Reply;

    /// Each of a thousand answers woke its asker from afar, and what came behind them waited for thirty-one times as many
    /// turns of the thread's own tasks.
    #[test]
    fn what_another_thread_sends_does_not_wait_behind_its_answers() {
        System::new().block_on(async {
            Answers::hear();
            let busy = Arc::new(AtomicUsize::new(0));
            for _ in 0..10 {
                let turns = busy.clone();
                // As one whose socket is always ready.
                actix_rt::spawn(poll_fn(move |cx| {
                    turns.fetch_add(1, Relaxed);
                    cx.waker().wake_by_ref();
                    Poll::<()>::Pending
                }));
            }
            let mut replies = Vec::new();
            for _ in 0..1000 {
                let (reply, answer) = Reply::new();
                replies.push(reply);
                actix_rt::spawn(answer);
            }
            let (send, mail) = oneshot::channel();
            let turns = busy.clone();
            let mail =
                actix_rt::spawn(
                    async move { mail.await.map(|before| turns.load(Relaxed) - before) },
                );
            // Until all of them wait.
            while busy.load(Relaxed) < 10_000 {
                yield_now().await;
            }
            let sent = busy.clone();
            let other = thread::spawn(move || {
                for reply in replies {
                    reply.send(());
                }
                let _ = send.send(sent.load(Relaxed));
            });
            // Nothing runs here meanwhile.
            let _ = other.join();
            let turns = mail.await.unwrap().unwrap();

            assert!(turns < 1000, "{turns} turns of others");
        });
    }

    /// Else whoever asks in the second would wait for ever.
    #[test]
    fn a_thread_with_a_second_runtime_hears_its_answers_there() {
        for _ in 0..2 {
            System::new().block_on(async {
                Answers::hear();
                let (reply, answer) = Reply::new();
                thread::spawn(move || reply.send(7));
                assert_eq!(answer.await, Ok(7));
            });
        }
    }
}
