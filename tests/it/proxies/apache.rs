//! Apache's mod_proxy and mod_proxy_wstunnel.

use super::{Proxy, readme, serves_its_own_page_alone};
use crate::support::Hub;

fn host(lines: &str) -> String {
    format!("<VirtualHost *:PORT>\n{lines}\n</VirtualHost>")
}

#[test]
fn behind_apaches_default_which_changes_host_the_page_gets_its_websocket() {
    let lines = host("ProxyPass / http://HUB/ upgrade=websocket");
    serves_its_own_page_alone(&Proxy::apache(Hub::start(), &lines));
}

#[test]
fn behind_apache_with_a_rule_for_websockets_the_page_gets_its_websocket() {
    let lines = host(
        "RewriteEngine On\nRewriteCond %{HTTP:Upgrade} =websocket [NC]\nRewriteRule /(.*) ws://HUB/$1 [P,L]\n\
         ProxyPass / http://HUB/",
    );
    serves_its_own_page_alone(&Proxy::apache(Hub::start(), &lines));
}

#[test]
fn the_block_of_readme_serves_the_page() {
    let block = readme("Apache", "apache")
        .replace("*:80", "*:PORT")
        .replace("127.0.0.1:11000", "HUB");
    serves_its_own_page_alone(&Proxy::apache(Hub::start(), &block));
}
