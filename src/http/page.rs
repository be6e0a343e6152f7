//! dondo's first page: three files of our own at `/`, and the Socket.IO browser client below the endpoint's path.
//! Knows files and their headers; it knows no session and no event.

mod client;

use std::hash::{DefaultHasher, Hash, Hasher};

use actix_web::http::header::{self, EntityTag, Header, IfNoneMatch};
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

pub use client::BrowserClient;

use crate::transport::engine::{cors, cors_headers};
use crate::transport::origin::Origins;

/// The page, its script and its style; built once, mounted by every worker.
#[derive(Clone, Debug)]
pub struct Page {
    files: [(&'static str, Asset); 3],
}

/// A file in memory with the headers it is sent with.
#[derive(Clone, Debug)]
struct Asset {
    body: Bytes,
    content_type: &'static str,
    cache_control: &'static str,
    /// Content-Security-Policy; empty where there is none.
    policy: String,
    tag: EntityTag,
    /// Whose pages may read it as a module.
    origins: Origins,
}

impl Page {
    /// The page for an endpoint at `path` (a checked [`Settings::path`](crate::config::Settings::path)), with the client
    /// that is served there.
    pub fn new(path: &str, client: &BrowserClient) -> Self {
        let html = include_str!("page/index.html").replace("{{path}}", path);
        let asset = |body: Bytes, content_type| Asset::new(body, content_type, "no-cache");
        Self {
            files: [
                (
                    "/",
                    Asset {
                        policy: policy(client.foreign_host()),
                        ..asset(Bytes::from(html), "text/html; charset=utf-8")
                    },
                ),
                (
                    "/page.js",
                    asset(Bytes::from_static(include_bytes!("page/page.js")), SCRIPT),
                ),
                (
                    "/page.css",
                    asset(
                        Bytes::from_static(include_bytes!("page/page.css")),
                        "text/css; charset=utf-8",
                    ),
                ),
            ],
        }
    }

    /// Adds `/`, `/page.js` and `/page.css` to an app.
    pub fn configure(&self, app: &mut ServiceConfig) {
        for (path, asset) in &self.files {
            asset.clone().mount(app, path);
        }
    }
}

const SCRIPT: &str = "application/javascript; charset=utf-8";

impl Asset {
    fn new(body: Bytes, content_type: &'static str, cache_control: &'static str) -> Self {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        Self {
            tag: EntityTag::new_strong(format!("{:016x}", hasher.finish())),
            policy: String::new(),
            body,
            content_type,
            cache_control,
            origins: Origins::SameHost,
        }
    }

    fn mount(self, app: &mut ServiceConfig, path: &str) {
        let answer = move |request: HttpRequest| {
            let answer = self.answer(&request);
            async move { answer }
        };
        app.service(
            web::resource(path)
                .route(web::get().to(answer.clone()))
                .route(web::head().to(answer)),
        );
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let known = match IfNoneMatch::parse(request) {
            Ok(IfNoneMatch::Any) => request.headers().contains_key(header::IF_NONE_MATCH),
            Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&self.tag)),
            Err(_) => false,
        };
        let answer = if known {
            HttpResponse::NotModified()
        } else {
            HttpResponse::Ok()
        };
        let mut answer = cors_headers(answer, cors(&self.origins, request.head()));
        answer
            .insert_header(header::ETag(self.tag.clone()))
            .insert_header((header::CACHE_CONTROL, self.cache_control))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
        if !self.policy.is_empty() {
            answer.insert_header((header::CONTENT_SECURITY_POLICY, self.policy.as_str()));
        }
        if known {
            return answer.finish();
        }
        answer
            .insert_header((header::CONTENT_TYPE, self.content_type))
            .body(self.body.clone())
    }
}

/// Nothing inline and nothing foreign, but for the client's script where it comes from elsewhere.
fn policy(foreign_host: Option<&str>) -> String {
    let mut policy =
        "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'"
            .to_owned();
    if let Some(host) = foreign_host {
        policy.push_str("; script-src 'self' ");
        policy.push_str(host);
    }
    policy
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use actix_web::http::StatusCode;
    use actix_web::http::header::HeaderName;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::{App, dev::ServiceResponse};

    use super::*;

    async fn answer(request: TestRequest) -> ServiceResponse {
        let page = Page::new("/live/", &BrowserClient::find(None));
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
        assert!(body.contains(r#"data-path="/live/""#), "{body}");
        assert!(!body.contains("{{"), "{body}");
    }

    #[actix_web::test]
    async fn the_page_runs_under_a_policy_that_forbids_inline_script_and_style() {
        let answer = answer(TestRequest::get().uri("/")).await;
        let policy = text(&answer, header::CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        let body = String::from_utf8(read_body(answer).await.to_vec()).unwrap();
        for inline in ["<style", " style=", " onclick=", "javascript:"] {
            assert!(!body.contains(inline), "{inline}");
        }
        for script in body.split("<script").skip(1) {
            assert!(script.trim_start().starts_with("src="), "{script}");
        }
    }

    #[actix_web::test]
    async fn the_policy_lets_in_the_foreign_host_only_if_the_client_comes_from_there() {
        assert!(
            policy(Some("https://cdn.example"))
                .ends_with("; script-src 'self' https://cdn.example")
        );
        assert!(!policy(None).contains("https:"));
    }

    #[actix_web::test]
    async fn every_file_is_asked_about_anew_and_never_sniffed() {
        for (uri, kind) in [
            ("/", "text/html"),
            ("/page.js", "application/javascript"),
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
    async fn the_page_takes_no_posts() {
        let answer = answer(TestRequest::post().uri("/")).await;
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    }
}
