//! What the endpoints that open sessions have in common as parts of an `App`: one resource for all methods, and a way down on
//! which each answer is the last over its connection.

use actix_http::ConnectionType;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Resource, web};

use super::endpoint::Endpoint;
use super::entrance::Entrance;

/// An endpoint with an entrance. Clones share its sessions.
pub(crate) trait SessionEndpoint: Clone + Send + Sync + 'static {
    fn entrance(&self) -> &Entrance;

    /// See [`Endpoint::ignores_case`].
    fn ignores_case(&self) -> bool {
        false
    }

    /// Answers a request at its path or below it.
    fn answer(
        &self,
        request: HttpRequest,
        payload: web::Payload,
    ) -> impl Future<Output = HttpResponse>;
}

impl<E: SessionEndpoint> Endpoint for E {
    fn path(&self) -> &str {
        &self.entrance().options().path
    }

    fn ignores_case(&self) -> bool {
        SessionEndpoint::ignores_case(self)
    }

    fn mount(&self, resource: Resource) -> Resource {
        let endpoint = self.clone();
        resource.to(move |request: HttpRequest, payload: web::Payload| {
            let endpoint = endpoint.clone();
            async move {
                let mut response = endpoint.answer(request, payload).await;
                let switches = response.status() == StatusCode::SWITCHING_PROTOCOLS;
                if endpoint.entrance().draining() && !switches {
                    let head = response.head_mut();
                    head.set_connection_type(ConnectionType::Close);
                }
                response
            }
        })
    }
}
