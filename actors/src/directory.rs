//! Ids to weak addresses, for doors only: a session id from a request, a member id from a private message.
//! Rooms and couriers never look here.

use std::{collections::BTreeSet, hash::Hash, net::IpAddr, sync::Arc};

use dashmap::{DashMap, Entry};

use crate::{
    id::{LocalId, MemberId},
    message::CourierRef,
};

/// A concurrent map from a secret or public id to a way to whom it names.
#[derive(Debug)]
pub struct Directory<K: Eq + Hash, V>(DashMap<K, V>);

impl<K: Eq + Hash, V: Clone> Directory<K, V> {
    /// An empty directory.
    pub fn new() -> Self {
        Self(DashMap::new())
    }

    /// Enters an id.
    pub fn enter(&self, id: K, way: V) {
        self.0.insert(id, way);
    }

    /// Looks an id up.
    pub fn find<Q>(&self, id: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.0.get(id).map(|entry| entry.value().clone())
    }

    /// Takes an id out.
    pub fn remove<Q>(&self, id: &Q)
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.0.remove(id);
    }

    /// Changes what an id stands for, entered first as `make` makes it. `change` gives an answer, and whether anything
    /// is left to keep: an id that stands for nothing is taken out. It must not come back here.
    pub fn change<R>(
        &self,
        id: K,
        make: impl FnOnce() -> V,
        change: impl FnOnce(&mut V) -> (R, bool),
    ) -> R {
        match self.0.entry(id) {
            Entry::Occupied(mut entry) => {
                let (answer, keep) = change(entry.get_mut());
                if !keep {
                    entry.remove();
                }
                answer
            }
            Entry::Vacant(entry) => {
                let mut value = make();
                let (answer, keep) = change(&mut value);
                if keep {
                    entry.insert(value);
                }
                answer
            }
        }
    }

    /// Changes what an id stands for, if it is entered; `change` as in [`Directory::change`].
    pub fn with<Q, R>(&self, id: &Q, change: impl FnOnce(&mut V) -> (R, bool)) -> Option<R>
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let mut answer = None;
        self.0.remove_if_mut(id, |_, value| {
            let (given, keep) = change(value);
            answer = Some(given);
            !keep
        });
        answer
    }

    /// Takes out whatever is not to be kept. `keep` must not come back here.
    pub fn retain(&self, mut keep: impl FnMut(&V) -> bool) {
        self.0.retain(|_, value| keep(value));
    }

    /// Everything that is entered now.
    pub fn all(&self) -> Vec<V> {
        self.0.iter().map(|entry| entry.value().clone()).collect()
    }

    /// The ids of all that is so, in no order. `is` must not come back here.
    pub fn ids(&self, is: impl Fn(&V) -> bool) -> Vec<K>
    where
        K: Clone,
    {
        let found = self.0.iter().filter(|entry| is(entry.value()));
        found.map(|entry| entry.key().clone()).collect()
    }

    /// How many ids there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Eq + Hash, V: Clone> Default for Directory<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

/// Where a member is served.
#[derive(Clone)]
pub struct MemberLocation {
    /// The courier.
    pub courier: CourierRef,
    /// The member's place there.
    pub local_id: LocalId,
    /// Its address, if it has one.
    pub address: Option<IpAddr>,
}

/// Members by namespace and id.
pub type Members = Directory<(Arc<str>, MemberId), MemberLocation>;

/// The members that each account has in each namespace.
#[derive(Debug, Default)]
pub struct Accounts(Directory<(Arc<str>, Arc<str>), BTreeSet<MemberId>>);

impl Accounts {
    /// A member of an account comes in.
    pub(crate) fn enter(&self, namespace: &Arc<str>, account: &Arc<str>, member: &MemberId) {
        let key = (namespace.clone(), account.clone());
        self.0.change(key, BTreeSet::new, |members| {
            members.insert(member.clone());
            ((), true)
        });
    }

    /// It is gone.
    pub(crate) fn leave(&self, namespace: &Arc<str>, account: &Arc<str>, member: &MemberId) {
        let key = (namespace.clone(), account.clone());
        self.0.with(&key, |members| {
            members.remove(member);
            ((), !members.is_empty())
        });
    }

    /// The members of an account, in no order that means anything.
    pub fn members(&self, namespace: &str, account: &str) -> BTreeSet<MemberId> {
        let key = (Arc::from(namespace), Arc::from(account));
        self.0.find(&key).unwrap_or_default()
    }
}
