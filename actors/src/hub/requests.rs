//! Questions that are one for whoever asks: to several namespaces, or to several members by their ids. They go all at once, and
//! have one place together among those that are under way.

use std::{future::Future, sync::Arc};

use tokio::sync::OwnedSemaphorePermit;

use super::HubHandle;
use crate::{
    error::Fault,
    id::LocalId,
    message::{ChangeCount, MemberChange, MemberPage, Selection, SelectionRequest},
};

/// Members on one page at most.
pub const PAGE_MAX: usize = 1000;

/// A place for what is asked by it, however often. It is given back when all is answered and this is dropped.
#[derive(Debug)]
pub struct JointRequest<'a> {
    hub: &'a HubHandle,
    /// None: too many are under way.
    slot: Option<Arc<OwnedSemaphorePermit>>,
}

impl HubHandle {
    /// Takes a place for questions that are one.
    pub fn joint_request(&self) -> JointRequest<'_> {
        JointRequest {
            hub: self,
            slot: self.request_slot(),
        }
    }
}

impl JointRequest<'_> {
    /// As [`HubHandle::count_members`].
    ///
    /// # Errors
    /// As there.
    pub fn count(
        &self,
        namespace: &str,
        selection: Selection,
    ) -> impl Future<Output = Result<usize, Fault>> + Send + use<> {
        let slot = self.slot.clone();
        let hub = self.hub;
        hub.request(slot, namespace, selection, Ok(0), SelectionRequest::Count)
    }

    /// As [`HubHandle::list_members`].
    ///
    /// # Errors
    /// As there.
    pub fn list(
        &self,
        namespace: &str,
        selection: Selection,
        after: Option<LocalId>,
        limit: usize,
    ) -> impl Future<Output = Result<MemberPage, Fault>> + Send + use<> {
        let slot = self.slot.clone();
        let limit = limit.clamp(1, PAGE_MAX);
        let nobody = Ok(MemberPage::default());
        let list = move |reply| SelectionRequest::List {
            after,
            limit,
            reply,
        };
        self.hub.request(slot, namespace, selection, nobody, list)
    }

    /// As [`HubHandle::join_members`], [`HubHandle::leave_members`] or [`HubHandle::disconnect_members`].
    ///
    /// # Errors
    /// As there.
    pub fn change(
        &self,
        namespace: &str,
        selection: Selection,
        change: MemberChange,
    ) -> impl Future<Output = Result<ChangeCount, Fault>> + Send + use<> {
        let slot = self.slot.clone();
        let nobody = Ok(ChangeCount::default());
        let change = |reply| SelectionRequest::Change(change, reply);
        self.hub.request(slot, namespace, selection, nobody, change)
    }
}
