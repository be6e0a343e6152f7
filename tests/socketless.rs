//! A handler of an application, and its test.

use dondo::{Data, Dondo, Identity, Namespace, Result, Socket, testing::TestHub};

async fn shout(
    Identity(name): Identity<String>,
    socket: Socket,
    Data(text): Data<String>,
) -> Result {
    socket.broadcast().emit("shouted", (&*name, text))?;
    Ok(())
}

/// All heard a guest, or nobody heard anybody.
#[test]
fn who_is_logged_in_is_heard_by_the_others() -> Result {
    let builder = Dondo::builder().namespace(Namespace::hub("/").on("shout", shout));
    TestHub::run(builder, async |hub| {
        let ama = hub.client("/").login("ama".to_owned()).connect().await?;
        let guest = hub.client("/").connect().await?;
        ama.emit("shout", "hello").await;
        let heard: (String, String) = guest.expect("shouted").await;
        assert_eq!(heard, ("ama".into(), "hello".into()));
        let refused = guest.emit_with_ack::<()>("shout", "me too").await;
        assert!(refused.is_err_and(|error| error.code() == "unauthorized"));
        ama.expect_nothing().await;
        Ok(())
    })
}
