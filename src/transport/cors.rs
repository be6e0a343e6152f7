//! Which pages of other hosts may read answers, and what browsers say of where a request comes from: headers.

use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};

use super::origin::{Names, Origins, Verdict};

/// Which pages may read an answer.
#[derive(Clone, Debug)]
pub(crate) enum Cors {
    /// The hub's own, which may anyway.
    Own,
    /// All, without what the browser knows of their visitors: a star never stands for somebody's cookies.
    All,
    /// Those of this origin.
    One(HeaderValue),
}

impl Cors {
    /// Whether a page of another host may read it.
    pub(crate) fn allows(&self) -> bool {
        !matches!(self, Self::Own)
    }

    /// The headers of the answer that say so.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> + use<> {
        let (origin, credentials) = match self {
            Self::Own => (None, None),
            Self::All => (Some(HeaderValue::from_static("*")), None),
            Self::One(origin) => (Some(origin.clone()), Some(HeaderValue::from_static("true"))),
        };
        let vary = Some(HeaderValue::from_static("Origin"));
        [
            (header::VARY, vary),
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, origin),
            (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, credentials),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}

/// Which pages may read the answer to a request.
pub(crate) fn cors(origins: &Origins, head: &RequestHead) -> Cors {
    match (origins, head.headers.get(header::ORIGIN)) {
        (Origins::Any, _) => Cors::All,
        (Origins::List(_), Some(origin)) => {
            // The hub's own page may read its answers anyway.
            match origins.judge(Some(origin.as_bytes()), &Names::default()) {
                Verdict::Allowed => Cors::One(origin.clone()),
                Verdict::Refused | Verdict::Illegal => Cors::Own,
            }
        }
        _ => Cors::Own,
    }
}

/// Lets those pages read the answer, and keeps caches from giving it to pages of other origins, whatever the setting: it
/// may have been another before.
pub(crate) fn cors_headers(mut response: HttpResponseBuilder, cors: &Cors) -> HttpResponseBuilder {
    for header in cors.headers() {
        response.append_header(header);
    }
    response
}

/// Tells those pages that they may send what they are about to.
pub(crate) fn preflight(asked: &HeaderMap, cors: &Cors) -> HttpResponse {
    let headers = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
    let headers = headers
        .cloned()
        .unwrap_or(HeaderValue::from_static("content-type"));
    cors_headers(HttpResponse::NoContent(), cors)
        .append_header((
            header::VARY,
            header::ACCESS_CONTROL_REQUEST_HEADERS.as_str(),
        ))
        .insert_header((
            header::ACCESS_CONTROL_ALLOW_METHODS,
            "GET,POST,DELETE,OPTIONS",
        ))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "600"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, headers))
        .finish()
}

static SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What the browser says of where a request comes from; pages cannot write it.
pub(crate) fn site(head: &RequestHead) -> Option<&[u8]> {
    head.headers.get(&SITE).map(HeaderValue::as_bytes)
}
