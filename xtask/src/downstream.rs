//! A package that depends on this workspace as anybody's would.

use std::{env, error::Error, ffi::OsString, fs};

use crate::workspace::{cargo, root};

/// Builds, tests and runs `tests/downstream` from outside the workspace, where `.cargo/config.toml` is not read.
pub(crate) fn test(environment: &[(&'static str, OsString)]) -> Result<(), Box<dyn Error>> {
    let folder = root().join("tests/downstream");
    // The same versions and the same target folder: what both build alike, libtorch's bindings above all, is built once.
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let target = root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()));
    for command in ["test", "run"] {
        eprintln!("\n== cargo {command} --manifest-path tests/downstream/Cargo.toml");
        let status = cargo()
            .arg(command)
            .arg("--manifest-path")
            .arg(folder.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(&target)
            .current_dir(env::temp_dir())
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .env_remove("LD_LIBRARY_PATH")
            .status()?;
        if !status.success() {
            return Err(format!("`cargo {command}` of tests/downstream failed ({status})").into());
        }
    }
    Ok(())
}
