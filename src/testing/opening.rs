//! A client before it is connected: the request that it opens with.

use std::{fmt, net::IpAddr, panic::Location, panic::resume_unwind};

use actix_web::{HttpMessage, test::TestRequest};
use dondo_actors::ports::LoggedIn;
use serde::Serialize;
use tokio::task::spawn_local;

use super::{client::TestClient, connection::TestConnection, error::TestError, settled::Settled};
use crate::{
    io::{Account, logged_in},
    transport::engine::Engine,
};

/// A client that is about to connect.
#[must_use = "it does nothing before `connect`"]
pub struct TestClientBuilder {
    engine: Engine,
    namespace: String,
    request: TestRequest,
    query: form_urlencoded::Serializer<'static, String>,
    auth: String,
    user: Option<LoggedIn>,
}

impl TestClientBuilder {
    pub(super) fn new(engine: Engine, namespace: &str) -> Self {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("EIO", "4");
        query.append_pair("transport", "websocket");
        let request = TestRequest::get()
            .insert_header(("host", "localhost"))
            .insert_header(("upgrade", "websocket"))
            .insert_header(("connection", "Upgrade"))
            .insert_header(("sec-websocket-version", "13"))
            .insert_header(("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="));
        Self {
            engine,
            namespace: namespace.to_owned(),
            request,
            query,
            auth: String::new(),
            user: None,
        }
    }

    /// What it sends with its CONNECT: stock clients' `auth`, an object.
    ///
    /// # Panics
    /// The data cannot be written as JSON.
    #[track_caller]
    pub fn auth(mut self, data: impl Serialize) -> Self {
        match serde_json::to_string(&data) {
            Ok(auth) => self.auth = auth,
            Err(error) => panic!("the auth of a client cannot be written: {error}"),
        }
        self
    }

    /// A header of its request, in place of another of that name.
    ///
    /// # Panics
    /// Name or value is none that HTTP has.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.insert_header((name, value));
        self
    }

    /// A parameter of its request's query.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query.append_pair(name, value);
        self
    }

    /// Where it is; nowhere if not said.
    pub fn address(mut self, address: IpAddr) -> Self {
        self.request = self.request.peer_addr((address, 49152).into());
        self
    }

    /// Who it is, as if [`Builder::identify`](crate::Builder::identify) had found it: that is not asked.
    pub fn login(mut self, user: impl Account) -> Self {
        self.user = Some(logged_in(user));
        self
    }

    /// Connects: the hub's login, then the namespace's middlewares.
    ///
    /// # Errors
    /// It is refused, by an answer in HTTP or by a CONNECT_ERROR.
    ///
    /// # Panics
    /// When it is awaited and nothing is decided. Where a login or a middleware takes its time, it is awaited behind
    /// [`TestHub::advance`](super::TestHub::advance).
    #[track_caller]
    pub fn connect(self) -> Settled<Result<TestClient, TestError>> {
        let at = Location::caller();
        let connecting = spawn_local(self.open());
        Settled::then(async move {
            assert!(
                connecting.is_finished(),
                "{at}: expected to be connected or refused; nothing is decided yet"
            );
            match connecting.await {
                Ok(connected) => connected,
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => resume_unwind(panic),
                    Err(error) => panic!("{at}: {error}"),
                },
            }
        })
    }

    async fn open(mut self) -> Result<TestClient, TestError> {
        let target = format!("{}?{}", self.engine.path(), self.query.finish());
        let request = self.request.uri(&target).to_http_request();
        if let Some(user) = self.user {
            request.extensions_mut().insert(user);
        }
        let session = match self.engine.open_socketless(&request).await {
            Ok(session) => session,
            Err(answer) => return Err(TestError::in_http(answer).await),
        };
        let connection = TestConnection::start(session, &self.namespace, &self.auth);
        match connection.connected().await {
            Ok(id) => Ok(TestClient::new(id, connection)),
            Err(error) => {
                connection.cut();
                Err(error)
            }
        }
    }
}

impl fmt::Debug for TestClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut client = f.debug_struct("TestClientBuilder");
        client
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}
