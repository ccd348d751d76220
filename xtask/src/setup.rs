//! Everything that a later run needs.

use std::error::Error;

use steadfast_fetch::catalog;

use crate::{
    libtorch::Libtorch,
    workspace::{self, run_cargo},
};

/// Fetches all data, then libtorch. Where there is no libtorch for the machine, all the rest is there before that is said.
pub(crate) fn everything() -> Result<(), Box<dyn Error>> {
    let cache = workspace::cache()?;
    for source in catalog::ALL {
        println!("{}", cache.fetch(&source, false)?.display());
    }
    let libtorch = Libtorch::chosen(&cache);
    let variables = libtorch.prepare(&cache, false)?;
    match &libtorch {
        Libtorch::Fetched => println!("{}", cache.libtorch_folder().display()),
        Libtorch::Own(folder) => println!("libtorch: your own, {} (LIBTORCH)", folder.display()),
        Libtorch::OfPython => println!("libtorch: that of Python (LIBTORCH_USE_PYTORCH)"),
    }
    // What `.cargo/config.toml` sets is the usual place of the cache.
    for (name, value) in variables {
        if std::env::var_os(name).as_ref() != Some(&value) {
            println!("\nfor cargo without xtask, set {name}={}", value.display());
        }
    }
    // Crates too: the feature `torch` has some that a plain build never asked for.
    run_cargo(&["fetch"], &[])?;
    println!(
        "\nall is there: cargo xtask run EXAMPLE, or cargo run --release --example EXAMPLE -- --offline"
    );
    Ok(())
}
