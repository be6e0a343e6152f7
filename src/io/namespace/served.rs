//! A namespace of a hub that is built: what all its sockets share, and of a parent its children too.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use actix_router::ResourceDef;
use dondo_actors::{hub::ChildrenSettings, ports::RoomHooks};

use super::Handlers;
use crate::io::{
    Pack, States, WeakNamespaces, context::LookupContext, handler::Shared, script::Scripts,
};

/// Bytes of a child's name.
const CHILD_NAME_MAX: usize = 256;

/// A namespace of a hub that is built, a parent of some, or one of its children: what all its sockets share.
pub(crate) struct ServedNamespace {
    pub(in crate::io) name: Arc<str>,
    pub(in crate::io) is_parent: bool,
    definition: Arc<Definition>,
}

/// What was said of a namespace, shared by all the children of a parent.
pub(crate) struct Definition {
    /// As it was given: of a parent its pattern.
    pub(in crate::io) title: Arc<str>,
    pub(in crate::io) pattern: Option<ResourceDef>,
    pub(in crate::io) lookup: Option<Shared<LookupContext>>,
    pub(super) children: ChildrenSettings,
    pub(in crate::io) scripts: Scripts,
    pub(in crate::io) handlers: Handlers,
    pub(in crate::io) states: States,
    pub(in crate::io) pack: Option<Arc<dyn Pack>>,
    pub(in crate::io) keeps_auth: bool,
    pub(in crate::io) keeps_handshake: bool,
    /// All of the hub's, this one among them.
    pub(in crate::io) siblings: OnceLock<WeakNamespaces>,
}

impl Deref for ServedNamespace {
    type Target = Definition;

    fn deref(&self) -> &Definition {
        &self.definition
    }
}

impl ServedNamespace {
    pub(super) fn new(name: Arc<str>, definition: Definition) -> Arc<Self> {
        Arc::new(Self {
            is_parent: definition.pattern.is_some(),
            name,
            definition: Arc::new(definition),
        })
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What runs inside of its rooms.
    pub(crate) fn room_hooks(&self) -> Option<Arc<dyn RoomHooks>> {
        self.scripts.hooks()
    }

    pub(crate) fn has_pack(&self) -> bool {
        self.pack.is_some()
    }

    pub(crate) fn is_parent(&self) -> bool {
        self.is_parent
    }

    /// The names of the events that have handlers.
    pub(crate) fn events(&self) -> impl Iterator<Item = Arc<str>> {
        self.handlers.events.keys().map(|name| Arc::from(&**name))
    }

    /// What the core has to know of a parent.
    pub(crate) fn children(&self) -> Option<ChildrenSettings> {
        self.is_parent.then_some(self.definition.children)
    }

    /// Whether a name may be that of a child.
    pub(in crate::io) fn is_parent_of(&self, name: &str) -> bool {
        let pattern = self.definition.pattern.as_ref().filter(|_| self.is_parent);
        *name != *self.name
            && name.len() <= CHILD_NAME_MAX
            // Captures are read as those of routes: two names must not read as one.
            && !name.contains(|letter: char| letter == '%' || letter.is_control())
            && pattern.is_some_and(|pattern| pattern.is_match(name))
    }

    /// A child of that name.
    pub(in crate::io) fn child(&self, name: Arc<str>) -> Arc<Self> {
        Arc::new(Self {
            name,
            is_parent: false,
            definition: self.definition.clone(),
        })
    }
}

impl fmt::Debug for ServedNamespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServedNamespace").field(&self.name).finish()
    }
}
