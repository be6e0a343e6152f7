//! The members of each account that one courier serves. The courier owns it: a member is entered when it is registered, and taken
//! out when it is gone; what an account stands for ends with its last member here.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    rc::Rc,
    sync::Arc,
};

use super::LocalMember;
use crate::id::LocalId;

/// See the module.
#[derive(Default)]
pub(super) struct AccountIndex(BTreeMap<Arc<str>, BTreeMap<LocalId, Rc<LocalMember>>>);

impl AccountIndex {
    /// A member is served from now on. Most have no account, and are not in here.
    pub(super) fn enter(&mut self, served: &Rc<LocalMember>) {
        if let Some(account) = &served.account {
            let members = self.0.entry(account.clone()).or_default();
            members.insert(served.local_id, served.clone());
        }
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
