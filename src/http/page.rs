//! dondo's first page: files of our own at `/`, and the stock Socket.IO client for other people's pages below the
//! endpoint's path.
//! Knows files and their headers; it knows no session and no event.

mod client;
mod invitation;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use actix_web::http::Method;
use actix_web::http::header::{self, EntityTag, Header, IfNoneMatch};
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

pub(crate) use client::BrowserClient;

use super::health::readable_only;
use crate::config::first_namespace;
use crate::transport::compression;
use crate::transport::cors::{cors, cors_headers};
use crate::transport::origin::Origins;

/// The page, its scripts and its style; built once, mounted by every worker.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    files: Vec<(String, Asset)>,
    /// Where the pages stand, each with a slash at its end.
    places: Vec<String>,
}

/// A file in memory with the headers it is sent with.
#[derive(Clone, Debug)]
struct Asset {
    body: Bytes,
    /// The body in gzip, made when it is first asked for; none where nobody gets that.
    shorter: Option<Arc<OnceLock<Option<Bytes>>>>,
    content_type: &'static str,
    cache_control: &'static str,
    /// Content-Security-Policy; empty where there is none.
    policy: &'static str,
    tag: EntityTag,
    /// Whose pages may read it as a module.
    origins: Origins,
}

/// What all pages have in common, those of the admin view, too.
pub(crate) const BASE_STYLE: &str = include_str!("page/base.css");

/// The files that the page names, relative to it.
const PARTS: [(&str, &str, &str); 19] = [
    ("page.js", SCRIPT, include_str!("page/page.js")),
    ("carriers.js", SCRIPT, include_str!("page/carriers.js")),
    ("client.js", SCRIPT, include_str!("page/client.js")),
    (
        "credentials.js",
        SCRIPT,
        include_str!("page/credentials.js"),
    ),
    ("view.js", SCRIPT, include_str!("page/view.js")),
    ("members.js", SCRIPT, include_str!("page/members.js")),
    ("memory.js", SCRIPT, include_str!("page/memory.js")),
    ("chat.js", SCRIPT, include_str!("page/chat.js")),
    ("base.css", STYLE, BASE_STYLE),
    ("page.css", STYLE, include_str!("page/page.css")),
    ("chat.css", STYLE, include_str!("page/chat.css")),
    ("protocols.js", SCRIPT, include_str!("page/protocols.js")),
    ("protocols.css", STYLE, include_str!("page/protocols.css")),
    ("proof.js", SCRIPT, include_str!("page/proof.js")),
    ("side.js", SCRIPT, include_str!("page/side.js")),
    ("tally.js", SCRIPT, include_str!("page/tally.js")),
    ("snippets.js", SCRIPT, include_str!("page/snippets.js")),
    ("crash.js", SCRIPT, include_str!("page/crash.js")),
    ("proof.css", STYLE, include_str!("page/proof.css")),
];

/// The pages themselves, by their name beside the first one.
const PAGES: [(&str, &str); 3] = [
    ("", include_str!("page/index.html")),
    ("protocols", include_str!("page/protocols.html")),
    ("proof", include_str!("page/proof.html")),
];

/// The form for a token, which all of them have: `credentials.js` shows it where the hub asks for one.
const CREDENTIALS: &str = include_str!("page/credentials.html");

/// Where the endpoints stand that pages connect to beside Socket.IO's, those that there are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OtherPaths<'a> {
    /// The ChatHub's.
    pub(crate) chat_hub: Option<&'a str>,
    /// That of plain WebSockets.
    pub(crate) websocket: Option<&'a str>,
    /// That of event streams.
    pub(crate) events: Option<&'a str>,
    /// Whether the operators' listener has the door of `--dev`.
    pub(crate) dev: bool,
}

/// Nothing inline and nothing foreign: the page needs no network but the hub's. An invitation's picture is the hub's, too.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// In development the page asks the operators' listener of this machine, too, on whichever port that is.
const DEV_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                          connect-src 'self' http://127.0.0.1:* http://localhost:*; img-src 'self' data:; \
                          base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

impl Page {
    /// The page for an endpoint at `path` (a checked [`Settings::path`](crate::config::Settings::path)). It connects to
    /// `/` where that is one of the `namespaces`, else to the first.
    ///
    /// It names every address relative to its own, so a proxy may take a prefix away. Where the proxy leaves the prefix
    /// to `path`, the page is below it, too: with `/chat/socket.io/`, at `/chat/`.
    pub(crate) fn new(path: &str, namespaces: &[String], others: OtherPaths<'_>) -> Self {
        let namespace = first_namespace(namespaces);
        let above = path.trim_end_matches('/').rsplit_once('/');
        let prefix = above.map_or("/".to_owned(), |(above, _)| format!("{above}/"));
        let mut files = Vec::new();
        let mut places = vec!["/"];
        if prefix != "/" {
            places.push(&prefix);
        }
        for &place in &places {
            let relative = |path: &str| match path.strip_prefix(place) {
                Some(below) => attribute(&format!("./{below}")),
                None => attribute(path),
            };
            let bare = |path: Option<&str>| {
                path.map(|path| relative(path.trim_end_matches('/')))
                    .unwrap_or_default()
            };
            for (name, page) in PAGES {
                let html = page
                    .replace("{{credentials}}", CREDENTIALS)
                    .replace("{{path}}", &relative(path))
                    .replace("{{namespace}}", &attribute(namespace))
                    .replace("{{chat-hub}}", &bare(others.chat_hub))
                    .replace("{{websocket}}", &bare(others.websocket))
                    .replace("{{events}}", &bare(others.events))
                    .replace("{{dev}}", if others.dev { "on" } else { "" });
                let page = Asset {
                    policy: if others.dev { DEV_POLICY } else { POLICY },
                    ..Asset::new(Bytes::from(html), "text/html; charset=utf-8", "no-cache")
                };
                files.push((format!("{place}{name}"), page));
            }
            for (name, content_type, text) in PARTS {
                let body = Bytes::from_static(text.as_bytes());
                files.push((
                    format!("{place}{name}"),
                    Asset::new(body, content_type, "no-cache"),
                ));
            }
        }
        let places = places.into_iter().map(str::to_owned);
        Self {
            files,
            places: places.collect(),
        }
    }

    /// The same, with its files in gzip for those who ask for it.
    pub(crate) fn compressed(self) -> Self {
        let files = self.files.into_iter();
        let files = files.map(|(path, asset)| (path, asset.compressed()));
        Self {
            files: files.collect(),
            ..self
        }
    }

    /// Adds the page and its files to an app.
    pub(crate) fn configure(&self, app: &mut ServiceConfig) {
        for (path, asset) in &self.files {
            asset.clone().mount(app, path);
        }
        for place in &self.places {
            invitation::configure(app, place);
        }
    }
}

/// Mounts files of another page at their paths, sent as those of the first one are: browsers ask whether theirs are still good.
pub(crate) fn mount_files(app: &mut ServiceConfig, files: &[(&str, &'static str, &'static str)]) {
    for &(path, content_type, text) in files {
        let body = Bytes::from_static(text.as_bytes());
        Asset::new(body, content_type, "no-cache").mount(app, path);
    }
}

/// Text for an attribute in double quotes.
fn attribute(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
}

const SCRIPT: &str = "application/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

impl Asset {
    fn new(body: Bytes, content_type: &'static str, cache_control: &'static str) -> Self {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        Self {
            tag: EntityTag::new_strong(format!("{:016x}", hasher.finish())),
            policy: "",
            body,
            shorter: None,
            content_type,
            cache_control,
            origins: Origins::SameHost,
        }
    }

    /// The same, with its body in gzip for those who ask for it.
    fn compressed(mut self) -> Self {
        if self.body.len() >= compression::LEAST {
            self.shorter = Some(Arc::default());
        }
        self
    }

    fn mount(self, app: &mut ServiceConfig, path: &str) {
        let answer = move |request: HttpRequest| {
            let answer = self.answer(&request);
            async move { answer }
        };
        app.service(
            web::resource(path)
                .route(web::get().to(answer.clone()))
                .route(web::head().to(answer))
                // HAProxy's `option httpchk` asks for `OPTIONS /`.
                .route(web::method(Method::OPTIONS).to(readable_only)),
        );
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let place = self.shorter.as_ref();
        let place = place.filter(|_| compression::is_asked_for(request));
        let shorter = place.and_then(|place| {
            let made = place.get_or_init(|| compression::at_once(&self.body).ok());
            made.as_ref()
        });
        // Other bytes, another tag.
        let tag = match shorter {
            Some(_) => EntityTag::new_strong(format!("{}-gzip", self.tag.tag())),
            None => self.tag.clone(),
        };
        let known = match IfNoneMatch::parse(request) {
            Ok(IfNoneMatch::Any) => request.headers().contains_key(header::IF_NONE_MATCH),
            Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(&tag)),
            Err(_) => false,
        };
        let answer = if known {
            HttpResponse::NotModified()
        } else {
            HttpResponse::Ok()
        };
        let mut answer = cors_headers(answer, &cors(&self.origins, request.head()));
        answer
            .insert_header(header::ETag(tag))
            .insert_header((header::CACHE_CONTROL, self.cache_control))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
        if self.shorter.is_some() {
            answer.append_header((header::VARY, "Accept-Encoding"));
        }
        if !self.policy.is_empty() {
            answer.insert_header((header::CONTENT_SECURITY_POLICY, self.policy));
        }
        if known {
            return answer.finish();
        }
        if shorter.is_some() {
            answer.insert_header((header::CONTENT_ENCODING, "gzip"));
        }
        answer
            .insert_header((header::CONTENT_TYPE, self.content_type))
            .body(shorter.unwrap_or(&self.body).clone())
    }
}

#[cfg(test)]
mod tests;
