//! The workspace's folder, its cache, and cargo run in it.

use std::{error::Error, ffi::OsString, path::Path, process::Command};

use steadfast_fetch::Cache;

/// The folder of the workspace.
pub(crate) fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// The cache that examples and tests use; what is fetched into it is printed.
pub(crate) fn cache() -> Result<Cache, Box<dyn Error>> {
    Ok(Cache::from_environment()?.observe(|event| println!("{event}")))
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs cargo with these arguments and variables.
pub(crate) fn run_cargo(
    arguments: &[&str],
    environment: &[(&'static str, OsString)],
) -> Result<(), Box<dyn Error>> {
    let shown = arguments.join(" ");
    eprintln!("\n== cargo {shown}");
    let variables = environment.iter().map(|(name, value)| (name, value));
    let status = cargo().args(arguments).envs(variables).status()?;
    if status.success() { Ok(()) } else { Err(format!("`cargo {shown}` failed ({status})").into()) }
}
