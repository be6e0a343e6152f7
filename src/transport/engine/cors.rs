//! Which pages of other hosts may read answers, and what browsers say of where a request comes from: headers.

use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};

use crate::transport::origin::{Names, Origins, Verdict};

/// Which pages may read an answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cors {
    readers: Readers,
    /// To another origin the answer would have been another.
    pub(crate) varies: bool,
}

#[derive(Clone, Debug, Default)]
enum Readers {
    /// The hub's own, which may anyway.
    #[default]
    Own,
    /// All, without what the browser knows of their visitors: a star never stands for somebody's cookies.
    All,
    /// Those of this origin.
    One(HeaderValue),
}

impl Cors {
    /// Whether a page of another host may read it.
    pub(crate) fn allows(&self) -> bool {
        !matches!(self.readers, Readers::Own)
    }
}

/// Which pages may read the answer to a request.
pub(crate) fn cors(origins: &Origins, head: &RequestHead) -> Cors {
    let readers = match (origins, head.headers.get(header::ORIGIN)) {
        (Origins::Any, _) => Readers::All,
        (Origins::List(_), Some(origin)) => {
            // The hub's own page may read its answers anyway.
            match origins.judge(Some(origin.as_bytes()), &Names::default()) {
                Verdict::Allowed => Readers::One(origin.clone()),
                Verdict::Refused | Verdict::Illegal => Readers::Own,
            }
        }
        _ => Readers::Own,
    };
    Cors {
        readers,
        varies: matches!(origins, Origins::List(_)),
    }
}

/// Lets those pages read the answer.
pub(crate) fn cors_headers(mut response: HttpResponseBuilder, cors: &Cors) -> HttpResponseBuilder {
    if cors.varies {
        response.append_header((header::VARY, "Origin"));
    }
    match &cors.readers {
        Readers::Own => {}
        Readers::All => {
            response.insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"));
        }
        Readers::One(origin) => {
            response
                .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()))
                .insert_header((header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"));
        }
    }
    response
}

/// Tells those pages that they may send what they are about to.
pub(super) fn preflight(asked: &HeaderMap, cors: &Cors) -> HttpResponse {
    let headers = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
    let headers = headers
        .cloned()
        .unwrap_or(HeaderValue::from_static("content-type"));
    cors_headers(HttpResponse::NoContent(), cors)
        .append_header((
            header::VARY,
            header::ACCESS_CONTROL_REQUEST_HEADERS.as_str(),
        ))
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET,POST,OPTIONS"))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "600"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, headers))
        .finish()
}

static SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What the browser says of where a request comes from; pages cannot write it.
pub(super) fn site(head: &RequestHead) -> Option<&[u8]> {
    head.headers.get(&SITE).map(HeaderValue::as_bytes)
}
