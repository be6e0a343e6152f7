//! The Socket.IO client for browsers, below the endpoint's path (wire reference 1.11; contract 1.13).
//! It is not ours and not kept here: it comes from a folder, or browsers are sent to its public host.

use std::fmt;
use std::path::{Path, PathBuf};

use actix_web::http::header;
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::{Asset, SCRIPT};
use crate::transport::cors::{cors, cors_headers};
use crate::transport::origin::Origins;

/// Where the browser client comes from. Its files are read once; one that is missing is not served.
#[derive(Clone, Debug)]
pub struct BrowserClient {
    /// None: the client's public host.
    folder: Option<PathBuf>,
    files: Vec<(&'static str, Asset)>,
}

/// All that is ever served: names are compared with these, never joined to a folder. The client for MessagePack is none of
/// them: it would not be understood.
const NAMES: [&str; 6] = [
    "socket.io.js",
    "socket.io.js.map",
    "socket.io.min.js",
    "socket.io.min.js.map",
    "socket.io.esm.min.js",
    "socket.io.esm.min.js.map",
];

/// Where the tests of this project install the client.
const INSTALLED: &str = "tests/clients/node_modules/socket.io-client/dist";

const PUBLIC_HOST: &str = "https://cdn.socket.io";
const PUBLIC_VERSION: &str = "4.8.3";

impl BrowserClient {
    /// Finds the client: in `client_dist` if that is given, else where the tests install it (below the current
    /// folder), else at its public host.
    pub fn find(client_dist: Option<&Path>) -> Self {
        let folder = client_dist.unwrap_or(Path::new(INSTALLED));
        let files = read(folder);
        let is_here = client_dist.is_some() || !files.is_empty();
        Self {
            folder: is_here.then(|| folder.to_owned()),
            files,
        }
    }

    /// The same, with its files in gzip for those who ask for it.
    pub fn compressed(self) -> Self {
        let files = self.files.into_iter();
        let files = files.map(|(name, asset)| (name, asset.compressed()));
        Self {
            files: files.collect(),
            ..self
        }
    }

    /// Adds the client's files to an app, for pages of `origins` too. To be called before anything that takes all of
    /// `path`.
    pub fn configure(&self, app: &mut ServiceConfig, path: &str, origins: &Origins) {
        for (name, asset) in &self.files {
            let asset = Asset {
                origins: origins.clone(),
                ..asset.clone()
            };
            asset.mount(app, &format!("{path}{name}"));
        }
        if self.folder.is_none() {
            for name in NAMES {
                redirect(app, &format!("{path}{name}"), public_address(name), origins);
            }
        }
    }
}

/// One line for the start log.
impl fmt::Display for BrowserClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.folder {
            Some(folder) => write!(f, "stock browser client: from {}", folder.display()),
            None => write!(
                f,
                "stock browser client: browsers are sent to {PUBLIC_HOST} for version {PUBLIC_VERSION} \
                 (with --client-dist it is served from here)"
            ),
        }
    }
}

fn read(folder: &Path) -> Vec<(&'static str, Asset)> {
    let file = |name: &'static str| {
        let body = Bytes::from(std::fs::read(folder.join(name)).ok()?);
        let content_type = if name.ends_with(".map") {
            "application/json"
        } else {
            SCRIPT
        };
        let asset = Asset::new(body, content_type, "public, max-age=0");
        Some((name, asset))
    };
    NAMES.into_iter().filter_map(file).collect()
}

fn redirect(app: &mut ServiceConfig, path: &str, address: String, origins: &Origins) {
    let origins = origins.clone();
    let answer = move |request: HttpRequest| {
        let origin = cors(&origins, request.head());
        let answer = cors_headers(HttpResponse::TemporaryRedirect(), &origin)
            .insert_header((header::LOCATION, address.as_str()))
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .finish();
        async move { answer }
    };
    app.service(
        web::resource(path)
            .route(web::get().to(answer.clone()))
            .route(web::head().to(answer)),
    );
}

fn public_address(name: &str) -> String {
    format!("{PUBLIC_HOST}/{PUBLIC_VERSION}/{name}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use actix_web::App;
    use actix_web::dev::ServiceResponse;
    use actix_web::http::StatusCode;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};

    use super::*;

    /// A folder with a client in it, and a file beside it that nobody may see; gone when dropped.
    struct Dist(PathBuf);

    impl Dist {
        fn new(name: &str) -> Self {
            let top = std::env::temp_dir().join(format!("dondo-{name}-{}", std::process::id()));
            std::fs::create_dir_all(top.join("dist")).unwrap();
            std::fs::write(top.join("secret.js"), "secret").unwrap();
            for (file, text) in [
                ("socket.io.js", "client"),
                ("socket.io.js.map", "{}"),
                ("index.js", "not for browsers"),
            ] {
                std::fs::write(top.join("dist").join(file), text).unwrap();
            }
            Self(top)
        }

        async fn answer(&self, request: TestRequest) -> ServiceResponse {
            answer(&BrowserClient::find(Some(&self.0.join("dist"))), request).await
        }
    }

    impl Drop for Dist {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    async fn answer(client: &BrowserClient, request: TestRequest) -> ServiceResponse {
        let app =
            App::new().configure(|app| client.configure(app, "/socket.io/", &Origins::SameHost));
        call_service(&init_service(app).await, request.to_request()).await
    }

    fn text(answer: &ServiceResponse, name: &str) -> String {
        let value = answer.headers().get(name);
        value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    }

    #[actix_web::test]
    async fn the_folders_client_is_served_with_the_headers_of_the_reference() {
        let dist = Dist::new("served");
        let script = dist
            .answer(TestRequest::get().uri("/socket.io/socket.io.js"))
            .await;
        assert_eq!(script.status(), StatusCode::OK);
        assert_eq!(
            text(&script, "content-type"),
            "application/javascript; charset=utf-8"
        );
        assert_eq!(text(&script, "cache-control"), "public, max-age=0");
        assert_eq!(read_body(script).await, "client");
        let map = dist
            .answer(TestRequest::get().uri("/socket.io/socket.io.js.map?x=1"))
            .await;
        assert_eq!(text(&map, "content-type"), "application/json");
    }

    #[actix_web::test]
    async fn a_client_the_browser_has_already_is_not_sent_again() {
        let dist = Dist::new("known");
        let uri = "/socket.io/socket.io.js";
        let tag = text(&dist.answer(TestRequest::get().uri(uri)).await, "etag");
        let again = TestRequest::get()
            .uri(uri)
            .insert_header(("if-none-match", tag));
        assert_eq!(dist.answer(again).await.status(), StatusCode::NOT_MODIFIED);
    }

    #[actix_web::test]
    async fn only_the_clients_own_names_are_served() {
        let dist = Dist::new("names");
        for uri in [
            "/socket.io/index.js",
            "/socket.io/../secret.js",
            "/socket.io/..%2fsecret.js",
            "/socket.io/%2e%2e/secret.js",
            "/socket.io/socket.io.js/",
            "/socket.io/socket.io.min.js",
            "/socket.io/",
        ] {
            let answer = dist.answer(TestRequest::get().uri(uri)).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{uri}");
        }
    }

    #[actix_web::test]
    async fn without_a_folder_browsers_are_sent_to_the_public_host() {
        let client = BrowserClient {
            folder: None,
            files: Vec::new(),
        };
        for name in NAMES {
            let request = TestRequest::get().uri(&format!("/socket.io/{name}"));
            let answer = answer(&client, request).await;
            assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
            let address = text(&answer, "location");
            assert_eq!(address, format!("https://cdn.socket.io/4.8.3/{name}"));
        }
        let other = TestRequest::get().uri("/socket.io/other.js");
        assert_eq!(answer(&client, other).await.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn a_folder_that_was_asked_for_is_never_replaced_by_the_public_host() {
        let client = BrowserClient::find(Some(Path::new("no-such-folder")));
        assert!(client.folder.is_some());
        assert!(client.to_string().contains("no-such-folder"));
    }
}
