//! The thin binary: arguments to command. Everything else is in the library.

fn main() {}
