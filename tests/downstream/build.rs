//! Tells this package's programs where libtorch is, so that they run without `LD_LIBRARY_PATH`.

use std::{env, error::Error, fs, os::unix, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    let libraries = PathBuf::from(env::var_os("DEP_TCH_LIBTORCH_LIB").ok_or("torch-sys is no direct dependency")?);
    if !libraries.is_absolute() {
        return Err(format!("LIBTORCH is {}, expected an absolute path", libraries.display()).into());
    }
    // Programs find libtorch by this path when they are started by themselves,
    println!("cargo:rustc-link-arg=-Wl,-rpath,{}", libraries.display());
    // and documentation tests by the library path of cargo, on which only folders below `target` come.
    let link = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?).join("libtorch");
    if link.symlink_metadata().is_ok() {
        fs::remove_file(&link)?;
    }
    unix::fs::symlink(&libraries, &link)?;
    println!("cargo:rustc-link-search=native={}", link.display());
    Ok(())
}
