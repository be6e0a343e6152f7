//! What the page is sent with, and what it names.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderName;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, dev::ServiceResponse};

use super::*;

async fn answer(request: TestRequest) -> ServiceResponse {
    let page = Page::new("/live/", &["/".to_owned()], OtherPaths::default());
    let app = init_service(App::new().configure(|app| page.configure(app))).await;
    call_service(&app, request.to_request()).await
}

fn text(answer: &ServiceResponse, name: HeaderName) -> String {
    let value = answer.headers().get(name);
    value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
}

#[actix_web::test]
async fn the_page_names_the_path_it_is_to_connect_to() {
    let answer = answer(TestRequest::get().uri("/")).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(
        text(&answer, header::CONTENT_TYPE),
        "text/html; charset=utf-8"
    );
    let body = String::from_utf8(read_body(answer).await.to_vec()).unwrap();
    assert!(body.contains(r#"data-path="./live/""#), "{body}");
    assert!(!body.contains("{{"), "{body}");
}

#[actix_web::test]
async fn the_page_runs_under_a_policy_that_forbids_inline_script_and_style() {
    let answer = answer(TestRequest::get().uri("/")).await;
    let policy = text(&answer, header::CONTENT_SECURITY_POLICY);
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let body = String::from_utf8(read_body(answer).await.to_vec()).unwrap();
    for inline in ["<style", " style=", " onclick=", "javascript:"] {
        assert!(!body.contains(inline), "{inline}");
    }
    for script in body.split("<script").skip(1) {
        assert!(script.trim_start().starts_with("src="), "{script}");
    }
}

fn index(path: &str, namespaces: &[&str], place: &str) -> String {
    let namespaces: Vec<String> = namespaces.iter().map(|&name| name.to_owned()).collect();
    let page = Page::new(path, &namespaces, OtherPaths::default());
    let (_, index) = page.files.iter().find(|(at, _)| at == place).unwrap();
    String::from_utf8(index.body.to_vec()).unwrap()
}

#[test]
fn behind_a_prefix_every_address_of_the_page_is_relative_to_it() {
    for (path, place, endpoint) in [
        ("/socket.io/", "/", "./socket.io/"),
        ("/chat/socket.io/", "/", "./chat/socket.io/"),
        ("/chat/socket.io/", "/chat/", "./socket.io/"),
        ("/", "/", "./"),
    ] {
        let html = index(path, &["/"], place);
        let named = format!("data-path=\"{endpoint}\"");
        assert!(html.contains(&named), "{path} at {place}: {html}");
        for address in ["src=\"/", "href=\"/", "http:", "https:"] {
            assert!(!html.contains(address), "{address}");
        }
    }
}

#[test]
fn the_page_connects_to_a_namespace_that_there_is() {
    for (namespaces, named) in [
        (&["/"][..], "/"),
        (&["/chat"], "/chat"),
        (&["/chat", "/news"], "/chat"),
        (&["/chat", "/"], "/"),
        (&["/\"<&"], "/&quot;&lt;&amp;"),
    ] {
        let html = index("/socket.io/", namespaces, "/");
        let named = format!("data-namespace=\"{named}\"");
        assert!(html.contains(&named), "{namespaces:?}: {html}");
    }
}

#[actix_web::test]
async fn every_file_is_asked_about_anew_and_never_sniffed() {
    for (uri, kind) in [
        ("/", "text/html"),
        ("/page.js", "application/javascript"),
        ("/client.js", "application/javascript"),
        ("/chat.js", "application/javascript"),
        ("/page.css", "text/css"),
    ] {
        let answer = answer(TestRequest::get().uri(uri)).await;
        assert!(text(&answer, header::CONTENT_TYPE).starts_with(kind));
        assert_eq!(text(&answer, header::CACHE_CONTROL), "no-cache");
        assert_eq!(text(&answer, header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    }
}

#[actix_web::test]
async fn a_file_the_browser_has_already_is_not_sent_again() {
    let tag = text(
        &answer(TestRequest::get().uri("/page.js")).await,
        header::ETAG,
    );
    assert!(tag.starts_with('"'), "{tag}");
    for known in [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"x\", {tag}"),
        "*".to_owned(),
    ] {
        let request = TestRequest::get()
            .uri("/page.js")
            .insert_header((header::IF_NONE_MATCH, known.as_str()));
        let answer = answer(request).await;
        assert_eq!(answer.status(), StatusCode::NOT_MODIFIED, "{known}");
        assert_eq!(text(&answer, header::ETAG), tag);
        assert!(read_body(answer).await.is_empty());
    }
    for stale in ["\"x\"", "nonsense", ""] {
        let request = TestRequest::get()
            .uri("/page.js")
            .insert_header((header::IF_NONE_MATCH, stale));
        assert_eq!(answer(request).await.status(), StatusCode::OK, "{stale}");
    }
}

#[actix_web::test]
async fn a_balancer_finds_every_file_of_the_page_with_head_and_options_also_below_a_prefix() {
    let page = Page::new("/chat/socket.io/", &["/".to_owned()], OtherPaths::default());
    let app = init_service(App::new().configure(|app| page.configure(app))).await;
    for place in ["/", "/chat/", "/chat/view.js"] {
        assert!(page.files.iter().any(|(path, _)| path == place), "{place}");
    }
    for (path, _) in &page.files {
        for (method, status) in [
            (Method::GET, StatusCode::OK),
            (Method::HEAD, StatusCode::OK),
            (Method::OPTIONS, StatusCode::NO_CONTENT),
            (Method::DELETE, StatusCode::METHOD_NOT_ALLOWED),
        ] {
            let request = TestRequest::with_uri(path).method(method.clone());
            let answer = call_service(&app, request.to_request()).await;
            assert_eq!(answer.status(), status, "{method} {path}");
            if method == Method::OPTIONS {
                assert_eq!(text(&answer, header::ALLOW), "GET, HEAD, OPTIONS", "{path}");
            }
        }
    }
}

#[actix_web::test]
async fn the_page_takes_no_posts() {
    let answer = answer(TestRequest::post().uri("/")).await;
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
}

/// Fails if pages may ask the operators' listener where there is no `--dev`, or another machine where there is.
#[test]
fn pages_may_ask_the_hub_alone_and_this_machine_in_development() {
    let connects = |dev| {
        let others = OtherPaths {
            dev,
            ..OtherPaths::default()
        };
        let page = Page::new("/socket.io/", &["/".to_owned()], others);
        let policies = page.files.iter().map(|(_, file)| file.policy);
        let policies = policies.filter(|policy| !policy.is_empty());
        let mut connects: Vec<_> = policies
            .filter_map(|policy| {
                policy
                    .split("; ")
                    .find(|part| part.starts_with("connect-src"))
            })
            .collect();
        assert_eq!(connects.len(), PAGES.len());
        connects.dedup();
        connects.join("")
    };
    assert_eq!(connects(false), "connect-src 'self'");
    assert_eq!(
        connects(true),
        "connect-src 'self' http://127.0.0.1:* http://localhost:*"
    );
}
