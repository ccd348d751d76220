//! The commands that look after the workspace.

fn main() {}
