//! Which endpoint stands at which path of an `App`: the host's, or the standalone server's own, through which the heads of
//! upgrades pass as well.

use std::sync::Arc;

use actix_codec::Framed;
use actix_http::{HttpMessage as _, Request, h1};
use actix_service::Service;
use actix_web::dev::ServiceResponse;
use actix_web::{HttpRequest, Resource, web};

use super::timed::Timed;
use super::upgrade::UpgradedSocket;

/// What lies below an endpoint's path, as a part of its pattern: the first part of that name counts, and a host's scope comes first.
const TAIL: &str = "dondo_tail";

/// What answers at a path and below it.
pub(crate) trait Endpoint: Send + Sync + 'static {
    /// Where it stands; begins and ends with a slash.
    fn path(&self) -> &str;

    /// Whether its path is found in other letters' case, too, where nothing stands that is written so.
    fn ignores_case(&self) -> bool {
        false
    }

    /// Makes an `App`'s resource answer.
    fn mount(&self, resource: Resource) -> Resource;
}

/// All endpoints of a hub. Of two the first answers whose path a request lies at or below.
#[derive(Clone)]
pub(crate) struct Endpoints(Arc<[Box<dyn Endpoint>]>);

impl Endpoints {
    pub(crate) fn new(endpoints: impl IntoIterator<Item = Box<dyn Endpoint>>) -> Self {
        Self(endpoints.into_iter().collect())
    }

    /// Mounts them at their very paths. In front of all else in an `App` where what stands below a path is others' and must be tried
    /// before [`Endpoints::configure`]: each resource that a poll is compared with costs it 2 % of its time.
    pub(crate) fn configure_paths(&self) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
        let endpoints = self.0.clone();
        move |app| {
            for endpoint in endpoints.iter() {
                app.service(endpoint.mount(web::resource(endpoint.path())));
            }
        }
    }

    /// Mounts them in an `App`, also without the slash at the end of their paths: `NormalizePath::trim` takes that away. To
    /// be called in the app factory, once for each worker.
    pub(crate) fn configure(&self) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
        let endpoints = self.0.clone();
        move |app| {
            for endpoint in endpoints.iter() {
                let path = endpoint.path();
                // Apart from what lies below, which a regular expression finds, it is found by comparing.
                let below = format!("{path}{{{TAIL}:.*}}");
                for path in [path, bare(path), &below] {
                    if !path.is_empty() {
                        app.service(endpoint.mount(web::resource(path)));
                    }
                }
            }
            // Behind all others: what is written as another's is that one's.
            for endpoint in endpoints.iter().filter(|endpoint| endpoint.ignores_case()) {
                let path = bare(endpoint.path());
                let Some(path) = path.strip_prefix('/') else {
                    continue;
                };
                let any_case = format!("/{{dondo_path:(?i:{})}}", literal(path));
                let below = format!("{any_case}/{{{TAIL}:.*}}");
                for pattern in [any_case, below] {
                    app.service(endpoint.mount(web::resource(pattern)));
                }
            }
        }
    }
}

/// The way in of the standalone server: a request with `Upgrade: websocket` passes through an `App` with its socket beside it.
/// An endpoint that serves it takes that; with any other answer it is closed.
pub(crate) fn upgrade<A>(
    request: Request,
    framed: Framed<Timed, h1::Codec>,
    app: &A,
) -> impl Future<Output = Result<(), A::Error>> + use<A>
where
    A: Service<Request, Response = ServiceResponse>,
{
    let socket = UpgradedSocket::new(framed);
    request.extensions_mut().insert(socket);
    let answer = app.call(request);
    async move {
        let (request, answer) = answer.await?.into_parts();
        let socket = request.extensions_mut().remove::<UpgradedSocket>();
        // It holds on to the buffer that it was read into.
        drop(request);
        if let Some(mut socket) = socket {
            socket.refuse(answer).await;
            socket.close().await;
        }
        Ok(())
    }
}

/// The regular expression of a path.
fn literal(path: &str) -> String {
    let mut expression = String::with_capacity(path.len());
    for letter in path.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(letter) {
            expression.push('\\');
        }
        expression.push(letter);
    }
    expression
}

/// Whether a request is for an endpoint's own path, and not for one below it.
pub(super) fn is_at(request: &HttpRequest) -> bool {
    tail(request).is_empty()
}

/// What of a request's path lies below its endpoint's.
pub(super) fn tail(request: &HttpRequest) -> &str {
    request.match_info().get(TAIL).unwrap_or_default()
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

    /// An endpoint whose path has no case.
    struct Caseless(&'static str);

    impl Endpoint for Caseless {
        fn path(&self) -> &str {
            self.0
        }

        fn ignores_case(&self) -> bool {
            true
        }

        fn mount(&self, resource: Resource) -> Resource {
            Named(self.0).mount(resource)
        }
    }

    /// Fails if a path without case is found in one spelling alone, takes what is written as another's path, or what only
    /// looks like it.
    #[actix_web::test]
    async fn a_path_without_case_is_found_in_any_and_behind_all_others() {
        let endpoints: [Box<dyn Endpoint>; 5] = [
            Box::new(Caseless("/chatHub/")),
            Box::new(Caseless("/ChatHub/")),
            Box::new(Named("/CHAThub/")),
            Box::new(Caseless("/a.b/Hub-1/")),
            Box::new(Caseless("/a(b+[c/")),
        ];
        let endpoints = Endpoints::new(endpoints);
        let app = init_service(App::new().configure(endpoints.configure())).await;
        for (path, expected) in [
            ("/chatHub/negotiate", "/chatHub/"),
            ("/ChatHub", "/ChatHub/"),
            ("/CHAThub/x", "/CHAThub/"),
            ("/chathub", "/chatHub/"),
            ("/chathub/", "/chatHub/"),
            ("/CHATHUB/negotiate", "/chatHub/"),
            ("/A.B/hub-1/", "/a.b/Hub-1/"),
            ("/axb/hub-1/", ""),
            ("/A(b+[c/x", "/a(b+[c/"),
            ("/chathubs", ""),
            ("/x/chathub", ""),
        ] {
            let request = TestRequest::with_uri(path).to_request();
            let body = read_body(call_service(&app, request).await).await;
            assert_eq!(body, expected, "{path}");
        }
    }

    impl Endpoint for Named {
        fn path(&self) -> &str {
            self.0
        }

        fn mount(&self, resource: Resource) -> Resource {
            let name = self.0;
            resource.to(move || async move { name })
        }
    }

    /// Fails if a part of a host's scope is taken for what lies below an endpoint.
    #[actix_web::test]
    async fn a_scope_may_have_parts_of_any_name() {
        struct Below;
        impl Endpoint for Below {
            fn path(&self) -> &str {
                "/hub/"
            }

            fn mount(&self, resource: Resource) -> Resource {
                resource.to(|request: HttpRequest| async move { tail(&request).to_owned() })
            }
        }
        let endpoints = Endpoints::new([Box::new(Below) as Box<dyn Endpoint>]);
        let scope = web::scope("/{tail}/{path}").configure(endpoints.configure());
        let app = init_service(App::new().service(scope)).await;
        for (path, expected) in [("/a/b/hub/", ""), ("/a/b/hub/x/y", "x/y")] {
            let request = TestRequest::with_uri(path).to_request();
            let body = read_body(call_service(&app, request).await).await;
            assert_eq!(body, expected, "{path}");
        }
    }

    /// Found by a prefix, an endpoint would take what is another's or the host's.
    #[actix_web::test]
    async fn a_request_finds_the_first_endpoint_at_or_above_its_path() {
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
                let request = TestRequest::with_uri(path).to_request();
                let body = read_body(call_service(&app, request).await).await;
                assert_eq!(body, expected.unwrap_or_default(), "{path}");
            }
        }
    }
}
