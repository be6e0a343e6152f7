//! What came of the messages of a request: how it is answered, and what of it is kept under an `Idempotency-Key`.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use super::answer::{ApiAnswer, ApiError, ErrorForm};
use super::idempotency::SaidOnce;

/// What came of a message: its answer, which is written once.
pub(super) type SaidNow = Result<Arc<RawValue>, ApiError>;

#[derive(Serialize)]
#[serde(untagged)]
enum BatchResult<'a> {
    Done(&'a RawValue),
    Failed { ok: bool, error: ErrorForm<'a> },
}

#[derive(Serialize)]
struct BatchAnswer<'a> {
    ok: bool,
    results: Vec<BatchResult<'a>>,
}

/// What is kept under the key of a message: nothing of one that certainly was not said.
pub(super) fn to_keep(said: &SaidNow) -> Option<SaidOnce> {
    match said {
        Ok(published) => Some(SaidOnce::Published(published.clone())),
        Err(error) => error.is_unknown().then_some(SaidOnce::Unknown),
    }
}

/// What was kept.
pub(super) fn known(said: &SaidOnce) -> SaidNow {
    match said {
        SaidOnce::Published(published) => Ok(published.clone()),
        SaidOnce::Unknown => Err(ApiError::unknown()),
    }
}

/// The answer to a request.
pub(super) fn answer(said: &[SaidNow], is_batch: bool) -> Result<ApiAnswer, ApiError> {
    if is_batch {
        let results = said.iter().map(|said| match said {
            Ok(published) => BatchResult::Done(published),
            Err(error) => BatchResult::Failed {
                ok: false,
                error: error.form(),
            },
        });
        let ok = said.iter().all(Result::is_ok);
        return Ok(ApiAnswer::ok(&BatchAnswer {
            ok,
            results: results.collect(),
        }));
    }
    match said.first() {
        Some(Ok(published)) => Ok(ApiAnswer::ok(&&**published)),
        Some(Err(error)) => Err(error.clone()),
        None => Err(ApiError::unknown()),
    }
}
