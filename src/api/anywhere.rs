//! Clients in whichever namespaces they are, children of patterns among them: looked for and put out, in each namespace whatever
//! becomes of another.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use dondo_actors::directory::MemberLocation;
use dondo_actors::error::Fault;
use dondo_actors::id::MemberId;
use dondo_actors::message::{MemberChange, MemberInfo};
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};

use super::Api;
use super::answer::ApiError;
use super::publish::only;
use crate::moderation::Subject;
use crate::network::network;

/// Clients of one namespace that are put out at once.
const AT_ONCE: usize = 256;
/// Namespaces in which that is done at once.
const NAMESPACES_AT_ONCE: usize = 16;

/// What came of putting somebody out.
pub(super) struct ClosedEverywhere {
    /// Clients whose connections were closed.
    pub(super) disconnected: usize,
    /// Namespaces in which not everybody could be asked: somebody may be in there still.
    pub(super) unreached: Vec<String>,
    /// Why, where of all who are there nobody was closed.
    pub(super) failed: Option<ApiError>,
}

/// The same of one namespace.
#[derive(Default)]
struct ClosedThere {
    disconnected: usize,
    fault: Option<Fault>,
}

impl Api {
    /// Closes the connections of all who are meant. Who comes in meanwhile looks at bans by itself, behind that it is there to be found.
    pub(super) async fn put_out(&self, subject: &Subject) -> ClosedEverywhere {
        let found = self.found(subject);
        let count = found.len();
        let walks = found.into_iter().map(async |(namespace, ids)| {
            let closed = self.close(&namespace, &ids).await;
            (namespace, closed)
        });
        let walks = stream::iter(walks).buffered(NAMESPACES_AT_ONCE);
        let walks: Vec<(Arc<str>, ClosedThere)> = walks.collect().await;
        let disconnected = walks.iter().map(|(_, there)| there.disconnected).sum();
        let unreached: Vec<_> = walks
            .into_iter()
            .filter_map(|(namespace, there)| Some((namespace, ApiError::from(there.fault?))))
            .collect();
        let is_nothing_done = disconnected == 0 && count == unreached.len();
        let mut errors = unreached.iter().map(|(_, error)| error);
        let unknown = errors.clone().find(|error| error.is_unknown());
        let failed = unknown.or_else(|| errors.next()).cloned();
        ClosedEverywhere {
            disconnected,
            unreached: unreached
                .into_iter()
                .map(|(name, _)| name.to_string())
                .collect(),
            failed: failed.filter(|_| is_nothing_done),
        }
    }

    /// The clients who are meant, in each namespace in which there are some. Nobody is asked for it: who does not answer at
    /// present hides no others.
    fn found(&self, subject: &Subject) -> BTreeMap<Arc<str>, Vec<MemberId>> {
        let hub = &self.0.parts.hub;
        let mut found: BTreeMap<Arc<str>, Vec<MemberId>> = BTreeMap::new();
        match subject {
            Subject::Member(id) => {
                let all = self.all_namespaces().into_iter();
                let is_in = |name: &Arc<str>| hub.members().find(&(name.clone(), id.clone()));
                let of_member = all.filter(|name| is_in(name).is_some());
                found.extend(of_member.map(|name| (name, vec![id.clone()])));
            }
            Subject::Account(account) => {
                let all = self.all_namespaces().into_iter();
                let of_account = all.map(|name| {
                    let ids = hub.accounts().members(&name, account);
                    (name, ids.into_iter().collect())
                });
                found.extend(of_account.filter(|(_, ids): &(_, Vec<_>)| !ids.is_empty()));
            }
            Subject::Address(address) => {
                let is = |of: IpAddr| network(of) == *address;
                let of_address = |place: &MemberLocation| place.address.is_some_and(is);
                for (name, id) in hub.members().ids(of_address) {
                    found.entry(name).or_default().push(id);
                }
            }
        }
        found
    }

    async fn close(&self, namespace: &str, ids: &[MemberId]) -> ClosedThere {
        let hub = &self.0.parts.hub;
        let mut there = ClosedThere::default();
        for some in ids.chunks(AT_ONCE) {
            let closing: Vec<_> = {
                let request = hub.joint_request();
                let close = |id: &MemberId| {
                    request.change(namespace, only(id.clone()), MemberChange::Close)
                };
                some.iter().map(close).collect()
            };
            for closed in join_all(closing).await {
                match closed {
                    Ok(closed) => there.disconnected += closed.done,
                    Err(fault) => there.fault = Some(fault),
                }
            }
        }
        there
    }

    /// One client, in whichever namespace it is.
    pub(super) async fn client(&self, id: &MemberId) -> Result<Option<MemberInfo>, ApiError> {
        let mut missed = None;
        for name in self.found(&Subject::Member(id.clone())).into_keys() {
            match self.described(&name, std::slice::from_ref(id)).await {
                Ok(found) => {
                    if let Some(info) = found.into_iter().next() {
                        return Ok(Some(info));
                    }
                }
                Err(fault) => missed = Some(fault),
            }
        }
        match missed {
            Some(fault) => Err(fault.into()),
            None => Ok(None),
        }
    }

    /// Whether a client of this id is connected, in whichever namespace.
    pub(super) fn is_there(&self, id: &MemberId) -> bool {
        !self.found(&Subject::Member(id.clone())).is_empty()
    }

    /// Those that clients are in, those of bare endpoints among them.
    fn all_namespaces(&self) -> Vec<Arc<str>> {
        let parts = &self.0.parts;
        let mut all: Vec<Arc<str>> = parts.hub.namespaces().cloned().collect();
        for parent in parts.namespaces.all().filter(|served| served.is_parent()) {
            all.extend(parts.hub.children_of(parent.name()));
        }
        all
    }
}
