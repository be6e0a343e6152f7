//! What of a folder is served, and how.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpResponse};

use super::*;

/// A folder with a site in it and a secret beside that, gone with the value.
struct Site(PathBuf);

impl Site {
    fn new(name: &str) -> Self {
        let name = format!("dondo-static-{name}-{}", std::process::id());
        let site = Self(std::env::temp_dir().join(name));
        let root = site.root();
        for folder in ["inner", "empty", ".git", "linked"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(site.0.join("secret.txt"), "secret").unwrap();
        for (file, text) in [
            ("index.html", "<title>mine</title>"),
            ("a.js", "1"),
            ("inner/index.html", "inner"),
            (".env", "secret"),
            (".git/config", "secret"),
        ] {
            fs::write(root.join(file), text).unwrap();
        }
        symlink("../secret.txt", root.join("out.txt")).unwrap();
        symlink("..", root.join("up")).unwrap();
        symlink("/etc", root.join("etc")).unwrap();
        symlink(".env", root.join("shown.txt")).unwrap();
        symlink("../../secret.txt", root.join("linked/index.html")).unwrap();
        symlink("a.js", root.join("b.js")).unwrap();
        site
    }

    fn root(&self) -> PathBuf {
        self.0.join("site")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The status, the headers and the body of an answer.
async fn answer(site: &Site, request: TestRequest) -> (StatusCode, header::HeaderMap, String) {
    let files = StaticFiles::find(&site.root()).unwrap();
    let app = App::new()
        .route(
            "/a.js",
            web::post().to(async || HttpResponse::Ok().body("the hub's")),
        )
        .service(web::resource("/hub").to(async || HttpResponse::Ok().body("the hub's")))
        .configure(|app| files.configure(app));
    let app = init_service(app).await;
    let answer = call_service(&app, request.to_request()).await;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = read_body(answer).await;
    (status, headers, String::from_utf8(body.to_vec()).unwrap())
}

/// Fails if a page is not served, or without the headers that keep browsers from guessing and from keeping what has changed.
#[actix_web::test]
async fn files_and_indexes_are_served() {
    let site = Site::new("served");
    for (uri, body, kind) in [
        ("/", "<title>mine</title>", "text/html; charset=utf-8"),
        (
            "/index.html",
            "<title>mine</title>",
            "text/html; charset=utf-8",
        ),
        ("/inner/", "inner", "text/html; charset=utf-8"),
        ("/a.js?v=1", "1", "text/javascript"),
        ("/b.js", "1", "text/javascript"),
    ] {
        let (status, headers, text) = answer(&site, TestRequest::get().uri(uri)).await;
        assert_eq!((status, &*text), (StatusCode::OK, body), "{uri}");
        assert_eq!(headers.get(header::CONTENT_TYPE).unwrap(), kind, "{uri}");
        assert_eq!(
            headers.get(header::X_CONTENT_TYPE_OPTIONS).unwrap(),
            "nosniff",
            "{uri}"
        );
        assert_eq!(
            headers.get(header::CACHE_CONTROL).unwrap(),
            "no-cache",
            "{uri}"
        );
    }
    let (status, headers, _) = answer(&site, TestRequest::get().uri("/inner")).await;
    assert!(status.is_redirection());
    assert_eq!(headers.get(header::LOCATION).unwrap(), "/inner/");
    let options = TestRequest::default().method(Method::OPTIONS).uri("/");
    assert_eq!(answer(&site, options).await.0, StatusCode::NO_CONTENT);
}

/// Fails if a file that a browser has already is sent again.
#[actix_web::test]
async fn what_is_known_is_not_sent_again() {
    let site = Site::new("known");
    let (_, headers, _) = answer(&site, TestRequest::get().uri("/a.js")).await;
    for (name, value) in [
        (header::IF_NONE_MATCH, headers.get(header::ETAG).unwrap()),
        (
            header::IF_MODIFIED_SINCE,
            headers.get(header::LAST_MODIFIED).unwrap(),
        ),
    ] {
        let again = TestRequest::get()
            .uri("/a.js")
            .insert_header((name, value.clone()));
        let (status, _, body) = answer(&site, again).await;
        assert_eq!((status, &*body), (StatusCode::NOT_MODIFIED, ""));
    }
}

/// Fails if something beside the folder, something hidden, or a list of files is shown, by whatever way.
#[actix_web::test]
async fn nothing_hidden_and_nothing_outside_is_served() {
    let site = Site::new("outside");
    for uri in [
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/inner/../.env",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/inner/..%2f..%2fsecret.txt",
        "/out.txt",
        "/up/secret.txt",
        "/up/",
        "/etc/passwd",
        "/etc/",
        "/shown.txt",
        "/linked/",
        "/linked/index.html",
        "/empty/",
        "//inner",
        "/nowhere",
        "/a.js/",
        "/a.js%00",
        "/%ff",
    ] {
        let (status, _, body) = answer(&site, TestRequest::get().uri(uri)).await;
        assert!(
            status.is_client_error() || uri == "/a.js/",
            "{uri}: {status}"
        );
        assert!(
            !body.contains("secret") && !body.contains("root:"),
            "{uri}: {body}"
        );
    }
}

/// Fails if a file takes the place of something of the hub's.
#[actix_web::test]
async fn what_the_hub_serves_goes_before() {
    let site = Site::new("before");
    fs::write(site.root().join("hub"), "a file").unwrap();
    let (_, _, body) = answer(&site, TestRequest::get().uri("/hub")).await;
    assert_eq!(body, "the hub's");
}
