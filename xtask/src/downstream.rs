//! A package that depends on this workspace as anybody's would.

use std::{error::Error, ffi::OsString};

use crate::workspace::{cargo, root};

/// Builds, tests and runs `tests/downstream` from outside the workspace, where `.cargo/config.toml` is not read.
pub(crate) fn test(environment: &[(&'static str, OsString)]) -> Result<(), Box<dyn Error>> {
    let manifest = root().join("tests/downstream/Cargo.toml");
    // A folder of its own below the target folder: two workspaces in one would rebuild each other's packages.
    let target = root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()));
    for command in ["test", "run"] {
        println!("\n== cargo {command} --manifest-path tests/downstream/Cargo.toml");
        let status = cargo()
            .arg(command)
            .arg("--manifest-path")
            .arg(&manifest)
            .arg("--target-dir")
            .arg(target.join("downstream"))
            .current_dir(std::env::temp_dir())
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .env_remove("LD_LIBRARY_PATH")
            .status()?;
        if !status.success() {
            return Err(format!("`cargo {command}` of tests/downstream failed ({status})").into());
        }
    }
    Ok(())
}
