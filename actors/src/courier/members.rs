//! Who is served here: members as they come and go, and those of each account. The courier owns both; what an account stands for
//! ends with its last member here.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, btree_map::Entry},
    rc::Rc,
    sync::Arc,
};

use super::{Courier, LocalMember};
use crate::{error::CloseReason, id::LocalId, message::Register};

impl Courier {
    pub(super) fn register(&mut self, register: Register) {
        let Register {
            local_id,
            namespace,
            member,
            account,
            outbox,
            encoding,
            session,
            generation,
        } = register;
        let served = Rc::new(LocalMember {
            local_id,
            namespace,
            member,
            account,
            outbox,
            encoding,
            session,
            observers: OnceCell::new(),
        });
        if generation != self.window.generation() {
            // Something for this member may have been held back while this very message waited.
            served.evict(CloseReason::WorkerStalled);
        }
        if let Some(members) = self.accounts.enter(&served) {
            self.window.account_grew(members);
        }
        self.members.insert(local_id, served);
    }

    pub(super) fn unregister(&mut self, local_id: LocalId) {
        if let Some(served) = self.members.remove(&local_id) {
            self.accounts.leave(&served);
            if self.accounts.is_empty() {
                self.window.no_accounts();
            }
        }
    }
}

/// The members of each account.
#[derive(Default)]
pub(super) struct AccountIndex(BTreeMap<Arc<str>, BTreeMap<LocalId, Rc<LocalMember>>>);

impl AccountIndex {
    /// A member is served from now on. Most have no account, and are not in here. Answers how many its account has.
    pub(super) fn enter(&mut self, served: &Rc<LocalMember>) -> Option<usize> {
        let account = served.account.clone()?;
        let members = self.0.entry(account).or_default();
        members.insert(served.local_id, served.clone());
        Some(members.len())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// It is gone.
    pub(super) fn leave(&mut self, served: &LocalMember) {
        let Some(account) = &served.account else {
            return;
        };
        if let Entry::Occupied(mut entry) = self.0.entry(account.clone()) {
            entry.get_mut().remove(&served.local_id);
            if entry.get().is_empty() {
                entry.remove();
            }
        }
    }

    /// Those of an account in a namespace.
    pub(super) fn members<'a, 'n>(
        &'a self,
        namespace: &'n str,
        account: &str,
    ) -> impl Iterator<Item = &'a Rc<LocalMember>> + use<'a, 'n> {
        let members = self.0.get(account).into_iter();
        let members = members.flat_map(BTreeMap::values);
        members.filter(move |served| *served.namespace == *namespace)
    }
}
