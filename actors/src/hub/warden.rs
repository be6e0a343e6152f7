//! Watches over what the hub holds. Above its limit those go who hold most and take nothing, over all workers; and if
//! that is not enough, those who hold most. Where the hub has been too crowded for newcomers for a while, sessions go of
//! addresses that hold much of it, whether they read or not: one address must not shut everybody else out.

use std::time::Duration;

use actix::{ActorContext, AsyncContext};
use tokio::time::timeout;

use super::Hub;
use crate::{
    account::{Payer, Weighed},
    error::CloseReason,
    guard::{GuardedContext, then},
    mailbox::Reply,
    message::{CourierRef, ToCourier},
};

/// How often the account is looked at.
const TICK: Duration = Duration::from_millis(250);

/// The hub may be crowded for so many looks.
const CROWDED_LOOKS: u32 = 20;
/// An address that holds more than this part of what a worker may hold has much.
const MUCH: usize = 8;

/// Looks again after a while, and so on.
pub(crate) fn watch(ctx: &mut GuardedContext<Hub>) {
    ctx.run_later(TICK, |guard, ctx| {
        // A timer keeps its actor when nobody has its address any more.
        match ctx.connected() {
            true => guard.enter(ctx, look),
            false => ctx.stop(),
        }
    });
}

fn look(hub: &mut Hub, ctx: &mut GuardedContext<Hub>) {
    let account = hub.handle().account();
    let (all, partial) = (account.surplus(), account.partial_surplus());
    let crowded = if account.crowded() {
        hub.crowded + 1
    } else {
        0
    };
    let excess = match crowded > CROWDED_LOOKS {
        true => account.excess(),
        false => 0,
    };
    let max = account.max();
    hub.crowded = crowded;
    if all == 0 && partial == 0 && excess == 0 {
        return watch(ctx);
    }
    let couriers = hub.handle().couriers();
    let workers = couriers.len().max(1);
    let much = usize::try_from(max).unwrap_or(usize::MAX) / workers / MUCH;
    let relief = async move {
        relieve(&couriers, Weighed::Partial, partial, 0).await;
        relieve(&couriers, Weighed::All, all, 0).await;
        if all == 0 {
            relieve(&couriers, Weighed::All, excess, much).await;
        }
    };
    ctx.spawn(then(relief, |_, (), ctx| watch(ctx)));
}

/// Closes the heaviest sessions, of addresses that hold so much, until so many bytes are given back.
async fn relieve(couriers: &[CourierRef], weighed: Weighed, surplus: u64, much: usize) {
    if surplus == 0 {
        return;
    }
    let mut payers = Vec::new();
    for courier in couriers {
        let (reply, answer) = Reply::new();
        // A courier that stands still is not waited for: the others hold something, too.
        if courier.send(ToCourier::HeaviestPayers { weighed, reply })
            && let Ok(Ok(named)) = timeout(TICK, answer).await
        {
            let named = named.into_iter();
            let named = named.filter(|payer| payer.is_leaving || payer.address_bytes >= much);
            payers.extend(named.map(|payer| (courier, payer)));
        }
    }
    payers.sort_by_key(|(_, payer)| payer.order());
    let reason = match weighed {
        Weighed::All => CloseReason::MemoryMax,
        Weighed::Partial => CloseReason::UnfinishedBytes,
    };
    for (courier, payer) in Payer::to_close(payers, surplus) {
        let local_id = payer.local_id;
        courier.send(ToCourier::Evict { local_id, reason });
    }
}
