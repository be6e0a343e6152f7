//! Watches over what the hub holds. Above its limit those go who hold most and take nothing, over all workers; and if
//! that is not enough, those who hold most.

use std::{cmp::Reverse, time::Duration};

use actix::{AsyncContext, Context, WrapFuture};

use crate::{
    courier::CourierRef,
    error::CloseReason,
    hub::Hub,
    id::Slot,
    message::{Evict, HeaviestPayers},
    post::Reply,
};

/// How often the account is looked at.
const TICK: Duration = Duration::from_millis(250);

/// How many sessions a courier names at once.
pub(crate) const NAMED: usize = 64;

/// A session that holds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payer {
    /// Its place.
    pub slot: Slot,
    /// Bytes that it holds.
    pub bytes: usize,
    /// Whether it took something lately.
    pub reads: bool,
}

/// Begins to watch.
pub(crate) fn watch(ctx: &mut Context<Hub>) {
    ctx.run_interval(TICK, |hub, ctx| {
        if hub.handle().account().over() {
            let handle = hub.handle().clone();
            let relief = async move { relieve(&handle.couriers(), handle.account()).await };
            ctx.wait(relief.into_actor(hub));
        }
    });
}

async fn relieve(couriers: &[CourierRef], account: &crate::account::MemoryAccount) {
    let mut payers = Vec::new();
    for courier in couriers {
        let (reply, answer) = Reply::new();
        // A courier that stands still is not waited for: the others hold something, too.
        if courier.send(HeaviestPayers(reply))
            && let Ok(Ok(named)) = tokio::time::timeout(TICK, answer).await
        {
            payers.extend(named.into_iter().map(|payer| (courier, payer)));
        }
    }
    payers.sort_by_key(|(_, payer)| (payer.reads, Reverse(payer.bytes)));
    let mut surplus = account.total().saturating_sub(account.max());
    for (courier, payer) in payers {
        if surplus == 0 {
            break;
        }
        surplus = surplus.saturating_sub(payer.bytes as u64);
        courier.send(Evict {
            slot: payer.slot,
            reason: CloseReason::MemoryMax,
        });
    }
}
