//! Clients in whichever namespaces they are, children of patterns among them: looked for and put out. All namespaces are walked
//! through, whatever becomes of one: the others have nothing to do with it.

use std::net::IpAddr;
use std::sync::Arc;

use dondo_actors::error::Fault;
use dondo_actors::id::MemberId;
use dondo_actors::message::{MemberChange, MemberInfo, Selection};
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};

use super::Api;
use super::answer::ApiError;
use super::publish::only;
use crate::moderation::Subject;
use crate::transport::address::network;

/// Clients of one namespace that are put out at once.
const AT_ONCE: usize = 256;
/// Clients that are looked at at once.
const LOOKED_AT: usize = 1000;
/// Namespaces that are walked through at once.
const NAMESPACES_AT_ONCE: usize = 16;

/// What came of putting somebody out.
pub(super) struct ClosedEverywhere {
    /// Clients whose connections were closed.
    pub(super) disconnected: usize,
    /// Namespaces in which not everybody could be asked: somebody may be in there still.
    pub(super) unreached: Vec<String>,
    /// Why, where in no namespace anybody was asked or closed.
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
        let all = self.all_namespaces();
        let count = all.len();
        let walks = all.into_iter().map(async |namespace| {
            let there = self.put_out_there(&namespace, subject).await;
            (namespace, there)
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

    async fn put_out_there(&self, namespace: &Arc<str>, subject: &Subject) -> ClosedThere {
        let hub = &self.0.parts.hub;
        let mut put_out = ClosedThere::default();
        match subject {
            Subject::Member(id) => {
                let ids = std::slice::from_ref(id);
                self.close(namespace, ids, &mut put_out).await;
            }
            Subject::Account(account) => {
                let ids = hub.accounts().members(namespace, account);
                let ids: Vec<MemberId> = ids.into_iter().collect();
                self.close(namespace, &ids, &mut put_out).await;
            }
            Subject::Address(address) => {
                let mut after = None;
                loop {
                    let all = Selection::default();
                    let page = hub.list_members(namespace, all, after, LOOKED_AT).await;
                    let page = match page {
                        Ok(page) => page,
                        Err(fault) => {
                            put_out.fault = Some(fault);
                            break;
                        }
                    };
                    let is = |of: IpAddr| network(of) == *address;
                    let there = page.members.into_iter();
                    let there = there.filter(|member| member.address.is_some_and(is));
                    let ids: Vec<MemberId> = there.map(|member| member.id).collect();
                    self.close(namespace, &ids, &mut put_out).await;
                    after = page.next;
                    if after.is_none() {
                        break;
                    }
                }
            }
        }
        put_out
    }

    async fn close(&self, namespace: &str, ids: &[MemberId], put_out: &mut ClosedThere) {
        let hub = &self.0.parts.hub;
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
                    Ok(closed) => put_out.disconnected += closed.done,
                    Err(fault) => put_out.fault = Some(fault),
                }
            }
        }
    }

    /// One client, in whichever namespace it is.
    pub(super) async fn client(&self, id: &MemberId) -> Result<Option<MemberInfo>, ApiError> {
        let mut missed = None;
        for name in self.all_namespaces() {
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
        let members = self.0.parts.hub.members();
        let is_in = |namespace| members.find(&(namespace, id.clone())).is_some();
        self.all_namespaces().into_iter().any(is_in)
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
