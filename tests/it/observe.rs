//! What operators see: numbers, health, and what a look at them costs.

use actix_web::App;
use actix_web::test::{TestRequest, call_and_read_body, call_service, init_service};
use dondo::service::Dondo;
use dondo_actors::fault;

const POLL: &str = "/socket.io/?EIO=4&transport=polling";

#[actix_web::test]
async fn a_scrape_goes_through_no_session() {
    let dondo = Dondo::builder().build().unwrap();
    let app = init_service(
        App::new()
            .configure(dondo.configure_observation())
            .configure(dondo.configure()),
    )
    .await;
    // The first session starts the courier of this thread.
    let open = || TestRequest::get().uri(POLL).to_request();
    assert_eq!(call_service(&app, open()).await.status(), 200);
    for sessions in [0, 100] {
        for _ in 0..sessions {
            assert_eq!(call_service(&app, open()).await.status(), 200);
        }
        let before = fault::walked();
        let scrape = TestRequest::get().uri("/metrics").to_request();
        let text = String::from_utf8(call_and_read_body(&app, scrape).await.to_vec()).unwrap();
        let polling = format!("dondo_sessions{{state=\"polling\"}} {}", sessions + 1);
        assert!(text.contains(&polling), "{text}");
        // One courier, or nothing where the last look at it is still good.
        assert!(fault::walked() - before <= 1);
    }
}
