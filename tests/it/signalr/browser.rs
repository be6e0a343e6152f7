//! SignalR's clients in a browser.

use crate::support::{Application, Hub};

/// Fails if a preflight, a credential or an origin is answered otherwise than a browser wants it, or if a page that never
/// joins does not see what it says.
#[test]
fn pages_of_other_origins_chat_over_every_transport_and_the_articles_with_the_guides() {
    let mut browser = Application::node("chat_hub.js", &[]);
    let origin = browser.line().unwrap();
    let hub = Hub::with(|config| config.origins = origin.parse().unwrap());
    browser.say(&hub.url());
    assert_eq!(browser.line().as_deref(), Some("done"));
}
