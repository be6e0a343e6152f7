//! Which pages of other hosts may read answers, and what browsers say of where a request comes from: headers.

use actix_web::HttpResponseBuilder;
use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderValue};

use crate::transport::origin::{Names, Origins, Verdict};

/// The origin to name in the answer, where a page of another host may read it.
pub(crate) fn cors(origins: &Origins, head: &RequestHead) -> Option<HeaderValue> {
    let origin = head.headers.get(header::ORIGIN)?;
    if *origins == Origins::SameHost {
        return None;
    }
    // The hub's own page may read its answers anyway.
    let verdict = origins.judge(Some(origin.as_bytes()), &Names::default());
    (verdict == Verdict::Allowed).then(|| origin.clone())
}

/// Lets the page of that origin read the answer.
pub(crate) fn cors_headers(
    mut response: HttpResponseBuilder,
    cors: Option<HeaderValue>,
) -> HttpResponseBuilder {
    if let Some(origin) = cors {
        response
            .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, origin))
            .insert_header((header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"))
            .insert_header((header::VARY, "Origin"));
    }
    response
}

/// What the browser says of where a request comes from; pages cannot write it.
pub(super) fn site(head: &RequestHead) -> Option<&[u8]> {
    head.headers
        .get("sec-fetch-site")
        .map(HeaderValue::as_bytes)
}
