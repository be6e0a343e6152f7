//! Takes tokens back: whoever came with one is put out, and nobody comes in with it.

use std::time::SystemTime;

use actix_web::http::StatusCode;
use serde::Serialize;

use super::answer::{ApiAnswer, ApiError};
use super::fields::BodyFields;
use super::keys::ApiRight;
use super::sentences::{length, text};
use super::{Api, ApiCaller};

#[derive(Serialize)]
struct RevokeAnswer {
    ok: bool,
    id: String,
    until: String,
}

impl Api {
    pub(super) fn revoke(&self, caller: &ApiCaller, body: &[u8]) -> Result<ApiAnswer, ApiError> {
        caller.is_for_clients(ApiRight::Moderate)?;
        let fields = BodyFields::of(body, &["id", "for"])?;
        let id = text(&fields, "id")?;
        let time = length(&fields)?;
        let time = time.ok_or_else(|| ApiError::bad("the field is missing").at("for"))?;
        let until = self.0.parts.revoked.revoke(&id, time).map_err(|_| {
            ApiError::new(
                StatusCode::CONFLICT,
                "limit_reached",
                "as many tokens are revoked as may be: they are forgotten after their time",
            )
        })?;
        Ok(ApiAnswer::ok(&RevokeAnswer {
            ok: true,
            id,
            until: shown(until),
        }))
    }
}

fn shown(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}
