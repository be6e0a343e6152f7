//! Keys of tests: nobody signs with them but these.

/// A secret.
pub(crate) const SECRET: &str = "a secret of the tests, for nobody else";

/// A public key of Ed25519.
pub(crate) const ED25519_PEM: &str = "\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAH7ptlQzrBtzpzHL0gkn4pXlJA18uDlA8WEx9AzeRhk0=
-----END PUBLIC KEY-----
";

/// A public key of P-256.
pub(crate) const P256_PEM: &str = "\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEPYZlT3pLLL+f759oM9mxXenk3nfK
vYAhFD5SUTX372/ATKtQ9atRnAkMPObPLQRVueMopFjeWoNHSUpv+3FQ5g==
-----END PUBLIC KEY-----
";

/// A public key of P-384, which is not taken.
pub(crate) const P384_PEM: &str = "\
-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEvJ0Pku7TPzmX52vn+s7pJ+YMaLCYSo7o
EJB5djY6dToUzLYuqFZfMPTuj6dF4u6BoQ8n/GSR79sbqSDuUVM71ZYWfXSuE5Qs
jG2ea7pUbsSeO5/ZizSWyaJUhxPhzgyI
-----END PUBLIC KEY-----
";

/// A public key of RSA of 2048 bits.
pub(crate) const RSA_PEM: &str = "\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAkrKu7q4Q5FoWE16ie4dz
fO9gZV6bFR51huXTSYcJ5miDWu22kLNTYrX2GTCdCs1bboZ3cjmpbHu9cp3utaUn
Z5Y1DKActd46NWDyqLKyGGDRQHA5TW8IPRvpmHbxGZNyynhoywgyXFvhmevM2cxf
Fg3HOrFnKI5jxg1Fd/bOwE0hjtGHNtST5HUGr9USRQK4ynwOv8HLG3QnhCkwVQKz
2jY3wG71QRgSr7r8z3n/TcU5PIdShyV/gDtmyQVxcHmram9BCloKVjJ/5rxuhL4y
Hqhn1TzoWdJpslg60buexye5wCTVk6GaOCemLHIKrdqNvG5r6gMPQnUEDWHdH8xI
CwIDAQAB
-----END PUBLIC KEY-----
";

/// A public key: the same as older programs write it.
pub(crate) const RSA_PKCS1_PEM: &str = "\
-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEAkrKu7q4Q5FoWE16ie4dzfO9gZV6bFR51huXTSYcJ5miDWu22kLNT
YrX2GTCdCs1bboZ3cjmpbHu9cp3utaUnZ5Y1DKActd46NWDyqLKyGGDRQHA5TW8I
PRvpmHbxGZNyynhoywgyXFvhmevM2cxfFg3HOrFnKI5jxg1Fd/bOwE0hjtGHNtST
5HUGr9USRQK4ynwOv8HLG3QnhCkwVQKz2jY3wG71QRgSr7r8z3n/TcU5PIdShyV/
gDtmyQVxcHmram9BCloKVjJ/5rxuhL4yHqhn1TzoWdJpslg60buexye5wCTVk6Ga
OCemLHIKrdqNvG5r6gMPQnUEDWHdH8xICwIDAQAB
-----END RSA PUBLIC KEY-----
";

/// A public key of RSA of 1024 bits, which is not taken.
pub(crate) const SHORT_RSA_PEM: &str = "\
-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC/OCCp/OFp35BnMsqBJFFMfsPW
gkBzkox9RsMIXJq0a+pCoqUjUmiKg+uwuAok/fr9zQAszVX/WvDeQFBOK2rcth72
K10QdxmDnOwKcleLV1zpF/OTHM/v6QPBkN7SPqd8Lod1odjEh+sGDhLsYC+SIkkt
f+sgn5F5RxEyTxyLIwIDAQAB
-----END PUBLIC KEY-----
";

/// The first as a set.
pub(crate) const ED25519_JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"one","x":"H7ptlQzrBtzpzHL0gkn4pXlJA18uDlA8WEx9AzeRhk0"}]}"#;
