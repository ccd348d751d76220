//! Tells this package's programs where libtorch is, so that they run without `LD_LIBRARY_PATH`.
//!
//! Cargo hands the folder of libtorch to direct dependents of `torch-sys` only, and passes on no link arguments. So every
//! package with programs, tests or examples on libtorch brings this file; docs/libtorch.md explains it.

use std::{env, error::Error, fs, os::unix, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    // Without the feature `torch` there is no libtorch to find.
    let Some(libraries) = env::var_os("DEP_TCH_LIBTORCH_LIB").map(PathBuf::from) else { return Ok(()) };
    if !libraries.is_absolute() {
        return Err(format!("LIBTORCH is {}, expected an absolute path", libraries.display()).into());
    }
    println!("cargo:rustc-link-arg=-Wl,-rpath,{}", libraries.display());
    // Cargo puts search paths below its target folder, and only those, on the library path of what it runs: this link
    // is what documentation tests and dependent packages find libtorch by.
    let link = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?).join("libtorch");
    if link.symlink_metadata().is_ok() {
        fs::remove_file(&link)?;
    }
    unix::fs::symlink(&libraries, &link)?;
    println!("cargo:rustc-link-search=native={}", link.display());
    Ok(())
}
