//! Namespaces that are made when the first client asks for them, and end with their last member. Each runs on the hub's thread
//! that its name falls to, is entered in the hub's directory, and lives as long as somebody has a lease of it: each of its
//! members has one, from before it is let in until the namespace has heard that it is gone.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use actix::Message;

use super::{Hub, HubHandle};
use crate::{
    context::NamespaceSettings,
    error::Fault,
    lease::Lease,
    lifecycle::Lifecycle,
    mailbox::{Mailbox, Reply, WeakMailbox, Word},
    message::{ToCourier, ToNamespace},
    namespace::Namespace,
    ports::{Admission, LocalFuture},
};

/// What a namespace is told of that is no namespace itself, but the parent of any number of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildrenSettings {
    /// Children at once.
    pub max: usize,
    /// Whether they stay when their last member goes. So many at most, then, for the hub's lifetime.
    pub keep_empty: bool,
}

/// Says whose child a name is.
pub trait ParentFinder: Send + Sync + 'static {
    /// The parent, if there may be such a namespace for this client. Asked only where no namespace has the name; runs as
    /// [`Authorizer::connect`](crate::ports::Authorizer::connect) does.
    fn find(&self, admission: Admission) -> LocalFuture<Option<Arc<str>>>;

    /// How long that and the parent's authorizer may take for one client.
    fn admission_timeout(&self) -> Duration;
}

/// A child as the hub's directory has it.
#[derive(Clone)]
pub(super) struct Child {
    name: Arc<str>,
    parent: Arc<str>,
    mailbox: WeakMailbox<ToNamespace>,
    home: WeakMailbox<ToHub>,
    thread: usize,
    /// Of this one: its name may be another's by then.
    number: u64,
    leases: usize,
}

impl Child {
    pub(super) fn mailbox(&self) -> &WeakMailbox<ToNamespace> {
        &self.mailbox
    }
}

/// What the hub's actor hears.
pub enum ToHub {
    /// From a session: somebody asks for a child. The answer has a place in it.
    Open(OpenChild),
    /// The last lease of a child was given back.
    Close {
        /// The child.
        name: Arc<str>,
        /// Which of that name.
        number: u64,
    },
}

impl Message for ToHub {
    type Result = ();
}

impl Word for ToHub {}

/// See [`ToHub::Open`].
pub struct OpenChild {
    name: Arc<str>,
    parent: Arc<str>,
    reply: Reply<Result<LeasedChild, Fault>>,
}

/// A lease, and the way to the child that it is of: its name may be another's by the time that it is used.
pub(crate) struct LeasedChild {
    pub(crate) lease: Lease,
    pub(crate) home: WeakMailbox<ToNamespace>,
}

/// The children on one of the hub's threads.
#[derive(Default)]
pub(super) struct Children {
    made: BTreeMap<Arc<str>, (u64, Mailbox<ToNamespace>)>,
    kept: Vec<Lease>,
}

impl HubHandle {
    /// How many children a parent has now.
    pub fn children(&self, parent: &str) -> usize {
        let count = self.0.children_counts.get(parent);
        count.map_or(0, |count| count.load(Relaxed))
    }

    /// Whose child a namespace is, while it is there.
    pub fn parent_of(&self, child: &str) -> Option<Arc<str>> {
        Some(self.0.children.find(child)?.parent)
    }

    /// The names of a parent's children.
    pub fn children_of(&self, parent: &str) -> Vec<Arc<str>> {
        let children = self.0.children.all().into_iter();
        let of_parent = children.filter(|child| *child.parent == *parent);
        of_parent.map(|child| child.name).collect()
    }

    /// Asks for a child, which is made if need be.
    ///
    /// # Errors
    /// There are too many, or its thread is gone.
    pub(crate) fn open_child(
        &self,
        name: Arc<str>,
        parent: Arc<str>,
    ) -> impl Future<Output = Result<LeasedChild, Fault>> + 'static {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let threads = self.0.threads.len().max(1);
        let thread = usize::try_from(hasher.finish()).unwrap_or_default() % threads;
        let home = self.0.threads.find(&thread).and_then(|way| way.upgrade());
        let (reply, answer) = Reply::new();
        let open = OpenChild {
            name,
            parent,
            reply,
        };
        let asked = home.map(|home| home.send(ToHub::Open(open)));
        async move {
            asked.ok_or(Fault::Gone)?;
            answer.await.map_err(|_| Fault::Gone)?
        }
    }

    fn lease(&self, name: &Arc<str>) -> Option<LeasedChild> {
        let (number, home) = self.0.children.with(name, |child| {
            child.leases += 1;
            ((child.number, child.mailbox.clone()), true)
        })?;
        let (hub, name) = (self.downgrade(), name.clone());
        let lease = Lease::new(move || {
            if let Some(hub) = hub.upgrade() {
                hub.give_back(&name, number);
            }
        });
        Some(LeasedChild { lease, home })
    }

    fn give_back(&self, name: &Arc<str>, number: u64) {
        let ended = self.0.children.with(name, |child| {
            if child.number != number {
                return (None, true);
            }
            child.leases -= 1;
            let last = child.leases == 0;
            (last.then(|| child.clone()), !last)
        });
        let Some(child) = ended.flatten() else {
            return;
        };
        self.count_children(&child.parent, |count| count.fetch_sub(1, Relaxed));
        child.home.send(ToHub::Close {
            name: child.name,
            number: child.number,
        });
    }

    fn count_children<T: Default>(
        &self,
        parent: &str,
        change: impl FnOnce(&AtomicUsize) -> T,
    ) -> T {
        let count = self.0.children_counts.get(parent);
        count.map(change).unwrap_or_default()
    }

    /// The settings of a namespace, or of a child's parent.
    pub fn namespace_settings(&self, namespace: &str) -> Option<&NamespaceSettings> {
        let config = self.0.config.namespaces.get(namespace);
        let config = config.filter(|config| config.children.is_none());
        let of_parent = || {
            let parent = self.0.children.find(namespace)?.parent;
            self.0.config.namespaces.get(&parent)
        };
        Some(&config.or_else(of_parent)?.settings)
    }

    /// How long a courier may do nothing at all before it is given up.
    pub fn courier_patience(&self, namespace: &str) -> Duration {
        let settings = self.namespace_settings(namespace);
        settings.map_or_else(
            || NamespaceSettings::default().courier_patience,
            |settings| settings.courier_patience,
        )
    }

    /// Children that a thread ran before it was started anew are gone: their members are closed so that they come back.
    pub(super) fn bury_children(&self, thread: usize) {
        for child in self.0.children.all() {
            if child.thread != thread {
                continue;
            }
            // Its last lease may have gone back meanwhile, as those who are closed are in others of them, too.
            let is_it = |there: &mut Child| {
                let same = there.number == child.number;
                (same, !same)
            };
            if self.0.children.with(&child.name, is_it) != Some(true) {
                continue;
            }
            self.namespace_ended(&child.name);
            self.count_children(&child.parent, |count| count.fetch_sub(1, Relaxed));
            for courier in self.couriers() {
                let close = ToCourier::CloseNamespace(child.name.clone());
                courier.mailbox.send(close);
            }
        }
    }

    fn namespace_ended(&self, name: &Arc<str>) {
        let lifecycle = self.lifecycle();
        lifecycle.tell(|| Lifecycle::NamespaceEnded(name.clone()));
    }
}

impl Hub {
    /// Lets go of a child, unless its name is another's by now.
    pub(super) fn close(&mut self, name: &Arc<str>, number: u64) {
        let made = &mut self.children.made;
        if made.get(name).is_some_and(|(made, _)| *made == number) {
            made.remove(name);
            self.handle.namespace_ended(name);
        }
    }

    pub(super) fn open(&mut self, open: OpenChild) {
        let OpenChild {
            name,
            parent,
            reply,
        } = open;
        if let Some(lease) = self.handle.lease(&name) {
            return reply.send(Ok(lease));
        }
        let config = self.handle.0.config.namespaces.get(&parent);
        let Some((config, children)) = config.and_then(|config| Some((config, config.children?)))
        else {
            return reply.send(Err(Fault::Gone));
        };
        if self.handle.children(&parent) >= children.max {
            return reply.send(Err(Fault::Full));
        }
        // Its log is somebody else's and may panic: nothing has changed by then.
        let context = self.handle.context(&name, config);
        let mailbox = Namespace::start(context, &self.handle.0.config.log);
        let place = |count: &AtomicUsize| {
            let taken = |now| (now < children.max).then_some(now + 1);
            count.fetch_update(Relaxed, Relaxed, taken).is_ok()
        };
        if !self.handle.count_children(&parent, place) {
            return reply.send(Err(Fault::Full));
        }
        let number = self.handle.0.children_made.fetch_add(1, Relaxed);
        let child = Child {
            name: name.clone(),
            parent,
            mailbox: mailbox.downgrade(),
            home: self.this.clone(),
            thread: self.share.number,
            number,
            leases: 0,
        };
        self.handle.0.children.enter(name.clone(), child);
        let lease = self.handle.lease(&name);
        if children.keep_empty {
            let kept = self.handle.lease(&name);
            self.children.kept.extend(kept.map(|leased| leased.lease));
        }
        let lifecycle = self.handle.lifecycle();
        lifecycle.tell(|| Lifecycle::NamespaceMade(name.clone()));
        self.children.made.insert(name, (number, mailbox));
        reply.send(lease.ok_or(Fault::Gone));
    }
}
