//! Takes tokens back: whoever came with one is put out, and nobody comes in with it; and lifts that again.

use std::time::SystemTime;

use actix_web::http::StatusCode;
use serde::Serialize;

use super::answer::{ApiAnswer, ApiError};
use super::fields::BodyFields;
use super::keys::ApiRight;
use super::query::ApiQuery;
use super::sentences::{LiftAnswer, NAME_MAX, length, text};
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
                "as many tokens are revoked as may be: lift some, or wait for the end of their time",
            )
        })?;
        Ok(ApiAnswer::ok(&RevokeAnswer {
            ok: true,
            id,
            until: shown(until),
        }))
    }

    /// Lets people in again with a token that was taken back.
    pub(super) fn lift_revocation(
        &self,
        caller: &ApiCaller,
        query: &ApiQuery,
    ) -> Result<ApiAnswer, ApiError> {
        caller.is_for_clients(ApiRight::Moderate)?;
        let id = query.text("id").unwrap_or_default();
        if id.is_empty() || id.len() > NAME_MAX {
            let said = format!("the query has the id of a token, of 1 to {NAME_MAX} bytes");
            return Err(ApiError::bad(said).at("id"));
        }
        let lifted = self.0.parts.revoked.lift(id);
        let key = &caller.key.name;
        log::info!("LiftRevocation by the API's key {key}: {id:?}, lifted {lifted}");
        Ok(ApiAnswer::ok(&LiftAnswer { ok: true, lifted }))
    }
}

fn shown(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}
