//! Style that fails the build: the walls of the architecture, and lists that must have no gap.

mod circles;
mod citations;
mod code_rows;
mod command;
mod contract_rows;
mod face;
mod features;
mod fields;
mod listing;
mod pages;
mod readme;
mod source;
mod strays;
mod walls;
mod wire_rows;
mod words;

pub use contract_rows::tests_by_name;
