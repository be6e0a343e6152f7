//! TLS of the standalone server: who may take how long, who is answered how, and that all that holds without it holds within it.

mod clients;
mod handshakes;
mod readers;
mod renewal;
