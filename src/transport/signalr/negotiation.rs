//! The first request of most clients: a connection, and the transports that it can have.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::{NotServed, SignalREndpoint};
use crate::transport::cors::{Cors, cors_headers};
use crate::transport::stage::Stage;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Negotiated<'a> {
    negotiate_version: u8,
    connection_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_token: Option<&'a str>,
    available_transports: [Transport; 3],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Transport {
    transport: &'static str,
    transfer_formats: &'static [&'static str],
}

/// In the order in which clients try them.
const TRANSPORTS: [Transport; 3] = [
    Transport {
        transport: "WebSockets",
        transfer_formats: &["Text", "Binary"],
    },
    Transport {
        transport: "ServerSentEvents",
        transfer_formats: &["Text"],
    },
    Transport {
        transport: "LongPolling",
        transfer_formats: &["Text", "Binary"],
    },
];

impl SignalREndpoint {
    /// Opens a connection that has still to get a transport: it has until the handshake's time is over.
    ///
    /// Its id is shown to others, so it is found by another, the token. Clients of version 0 know one id alone: theirs is the
    /// token, and others know them by an id that they themselves do not.
    pub(super) async fn negotiate(
        &self,
        request: &HttpRequest,
        version: Option<&str>,
        cors: &Cors,
    ) -> Result<HttpResponse, NotServed> {
        let Ok(version) = version.unwrap_or("0").parse::<i64>() else {
            let error = r#"{"error":"The negotiateVersion is not an integer."}"#;
            return Ok(json(error.to_owned(), cors));
        };
        let (opened, member) = self.open(request, Stage::Negotiated).await?;
        let token = opened.secret.as_str();
        let negotiated = match version {
            ..=0 => Negotiated {
                negotiate_version: 0,
                connection_id: token,
                connection_token: None,
                available_transports: TRANSPORTS,
            },
            _ => Negotiated {
                negotiate_version: 1,
                connection_id: member.as_str(),
                connection_token: Some(token),
                available_transports: TRANSPORTS,
            },
        };
        // Strings and numbers alone cannot fail to serialize.
        let body = serde_json::to_string(&negotiated).unwrap_or_default();
        Ok(json(body, cors))
    }
}

fn json(body: String, cors: &Cors) -> HttpResponse {
    cors_headers(HttpResponse::Ok(), cors)
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body)
}
