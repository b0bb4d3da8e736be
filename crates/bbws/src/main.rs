//! bbws.
fn main() {}
