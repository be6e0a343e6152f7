//! What a host hears of what comes and goes in its hub, and what its handlers know of where a client is.

use std::net::{IpAddr, Ipv4Addr};

use futures_util::{FutureExt, Stream, StreamExt};

use crate::{Dondo, Error, Lifecycle, Namespace, Socket, testing::TestHub};

/// What came since the last look, in words.
fn heard(events: &mut (impl Stream<Item = Lifecycle> + Unpin)) -> Vec<String> {
    let all = std::iter::from_fn(|| events.next().now_or_never().flatten());
    let told = all.map(|event| match event {
        Lifecycle::NamespaceMade(name) => format!("{name} is made"),
        Lifecycle::NamespaceEnded(name) => format!("{name} ends"),
        Lifecycle::Connected { namespace, id, .. } => format!("{id} comes into {namespace}"),
        Lifecycle::Disconnected {
            namespace,
            id,
            reason,
            ..
        } => format!("{id} goes from {namespace}: {reason}"),
        Lifecycle::RoomMade {
            namespace, room, ..
        } => format!("{room} of {namespace} is made"),
        Lifecycle::RoomEnded {
            namespace, room, ..
        } => format!("{room} of {namespace} ends"),
        other => format!("{other:?}"),
    });
    told.collect()
}

/// Fails if the hub's own stream leaves out that a client, a room, a child of a pattern or a refusal came, or that one of them went, or
/// tells of them in another order.
#[test]
fn a_host_hears_of_clients_rooms_children_and_refusals_as_they_come_and_go() {
    let orders = Namespace::new("/orders/{order}")
        .on_connect(async |socket: Socket| Ok(socket.join("den").await?))
        .on("leave", async |socket: Socket| {
            socket.leave("den").await;
        });
    let closed = Namespace::new("/closed")
        .middleware(async || Err::<(), _>(Error::new("unauthorized", "say the word")));
    let builder = Dondo::builder().namespace(orders).namespace(closed);
    TestHub::run(builder, async |hub| {
        let mut events = hub.dondo().lifecycle();
        let client = hub.client("/orders/1").connect().await.unwrap();
        hub.settle().await;
        let id = client.id().clone();
        let came = [
            "/orders/1 is made",
            &format!("{id} comes into /orders/1"),
            "den of /orders/1 is made",
        ];
        assert_eq!(heard(&mut events), came);
        client.emit("leave", ()).await;
        client.cut().await;
        let went = [
            "den of /orders/1 ends",
            &format!("{id} goes from /orders/1: transport close"),
            "/orders/1 ends",
        ];
        assert_eq!(heard(&mut events), went);
        let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let stranger = hub.client("/closed").address(address);
        assert!(stranger.connect().await.is_err());
        let refused = Lifecycle::refused(Some(address), Some("/closed"), "say the word");
        assert_eq!(heard(&mut events), [format!("{refused:?}")]);
    });
}

/// Fails if a socket has no address, or another one than its client's.
#[test]
fn a_handler_reads_the_address_of_its_client_from_the_socket() {
    let namespace = Namespace::new("/").on("where", async |socket: Socket| Ok(socket.address()));
    let builder = Dondo::builder().namespace(namespace);
    TestHub::run(builder, async |hub| {
        for last in [1, 2] {
            let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
            let client = hub.client("/").address(address);
            let client = client.connect().await.unwrap();
            let told = client.emit_with_ack::<Option<IpAddr>>("where", ()).await;
            assert_eq!(told.unwrap(), Some(address));
        }
    });
}
