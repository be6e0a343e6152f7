//! Style that fails the build: the walls of the architecture, and lists that must have no gap.

mod walls;
