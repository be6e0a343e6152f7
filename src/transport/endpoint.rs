//! Which endpoint stands at which path: one table, for an `App` and for the sockets that the standalone server takes from
//! actix-http.

use std::sync::Arc;

use actix_codec::Framed;
use actix_http::{Request, h1};
use actix_web::http::StatusCode;
use actix_web::{Resource, web};

use super::answer::Answer;
use super::timed::Timed;
use super::upgrade::UpgradedSocket;

/// What answers at a path and below it.
pub(crate) trait Endpoint: Send + Sync + 'static {
    /// Where it stands; begins and ends with a slash.
    fn path(&self) -> &str;

    /// Makes an `App`'s resource answer.
    fn mount(&self, resource: Resource) -> Resource;

    /// Takes a socket whose client asks for a WebSocket, and serves it. Or answers something else, and gives it back to be
    /// closed.
    fn upgrade(&self, request: &Request, socket: UpgradedSocket) -> Option<UpgradedSocket>;
}

/// All endpoints of a hub. Of two the first answers whose path a request lies at or below.
#[derive(Clone)]
pub(crate) struct Endpoints(Arc<[Box<dyn Endpoint>]>);

impl Endpoints {
    pub(crate) fn new(endpoints: impl IntoIterator<Item = Box<dyn Endpoint>>) -> Self {
        Self(endpoints.into_iter().collect())
    }

    /// Mounts them in an `App`, also without the slash at the end of their paths: `NormalizePath::trim` takes that away. To
    /// be called in the app factory, once for each worker.
    pub(crate) fn configure(&self) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
        let endpoints = self.0.clone();
        move |app| {
            for endpoint in endpoints.iter() {
                let path = endpoint.path();
                // Apart from what lies below, which a regular expression finds, it is found by comparing.
                let below = format!("{path}{{tail:.*}}");
                for path in [path, bare(path), &below] {
                    if !path.is_empty() {
                        app.service(endpoint.mount(web::resource(path)));
                    }
                }
            }
        }
    }

    /// The way in of the standalone server: every request with `Upgrade: websocket` comes here with its socket. Those that
    /// are for no endpoint are refused.
    pub(crate) async fn upgrade(self, request: Request, framed: Framed<Timed, h1::Codec>) {
        let mut socket = UpgradedSocket::new(framed);
        let left = match self.at(request.path()) {
            Some(endpoint) => endpoint.upgrade(&request, socket),
            None => {
                let body = "No WebSocket is served here";
                socket.refuse(&Answer::last(StatusCode::NOT_FOUND, "text/plain", body));
                Some(socket)
            }
        };
        // It holds on to the buffer that it was read into.
        drop(request);
        if let Some(socket) = left {
            socket.close().await;
        }
    }

    fn at(&self, path: &str) -> Option<&dyn Endpoint> {
        let mut endpoints = self.0.iter().map(AsRef::as_ref);
        endpoints
            .find(|endpoint| path.starts_with(endpoint.path()) || path == bare(endpoint.path()))
    }
}

/// A path without the slash at its end.
fn bare(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use actix_web::App;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};

    use super::*;

    struct Named(&'static str);

    impl Endpoint for Named {
        fn path(&self) -> &str {
            self.0
        }

        fn mount(&self, resource: Resource) -> Resource {
            let name = self.0;
            resource.to(move || async move { name })
        }

        fn upgrade(&self, _: &Request, socket: UpgradedSocket) -> Option<UpgradedSocket> {
            Some(socket)
        }
    }

    /// Read apart, one of them would serve WebSockets where the other has nothing.
    #[actix_web::test]
    async fn an_app_and_an_upgrade_find_the_same_endpoint() {
        for (paths, rows) in [
            (
                vec!["/a/", "/a/b/", "/c/"],
                vec![
                    ("/a/", Some("/a/")),
                    ("/a", Some("/a/")),
                    ("/a/x/y", Some("/a/")),
                    ("/a/b/", Some("/a/")),
                    ("/ab", None),
                    ("/", None),
                    ("/c", Some("/c/")),
                    ("/c/a/", Some("/c/")),
                    ("/C/", None),
                ],
            ),
            (vec!["/"], vec![("/", Some("/")), ("/x", Some("/"))]),
        ] {
            let named = |path| Box::new(Named(path)) as Box<dyn Endpoint>;
            let endpoints = Endpoints::new(paths.into_iter().map(named));
            let app = init_service(App::new().configure(endpoints.configure())).await;
            for (path, expected) in rows {
                let found = endpoints.at(path).map(|endpoint| endpoint.path());
                assert_eq!(found, expected, "{path}");
                let request = TestRequest::with_uri(path).to_request();
                let body = read_body(call_service(&app, request).await).await;
                assert_eq!(body, expected.unwrap_or_default(), "{path}");
            }
        }
    }
}
