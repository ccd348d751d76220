//! Older compilers and other machines: what can be installed for them is checked, what cannot is named.

use std::{error::Error, process::Command};

use crate::workspace::root;

/// The oldest compiler that the packages without native code promise, as their manifests say.
const OLDEST: &str = "1.88.0";
const PURE: [&str; 3] = ["steadfast-certify", "steadfast-perturb", "steadfast-fuzz"];
const WASM: &str = "wasm32-wasip1";

/// Checks the pure packages with the oldest compiler. Returns why not, where that cannot be installed.
pub(crate) fn oldest_compiler(offline: bool) -> Result<Option<String>, Box<dyn Error>> {
    let installed = succeeds(rustup(&["run", OLDEST, "cargo", "--version"]));
    if !installed && (offline || !succeeds(rustup(&["toolchain", "install", OLDEST, "--profile", "minimal"])))
    {
        return Ok(Some(format!("the compiler {OLDEST}, which cannot be installed here")));
    }
    let mut check =
        rustup(&["run", OLDEST, "cargo", "check", "--features", "serde", "--target-dir", "target/oldest"]);
    check.args(PURE.iter().flat_map(|package| ["--package", package]));
    run(check)?;
    Ok(None)
}

/// Counts votes in WebAssembly, where there are no threads. Returns why not, where the target or Node.js is missing.
pub(crate) fn webassembly(offline: bool) -> Result<Option<String>, Box<dyn Error>> {
    if !succeeds(program("node", &["--version"])) {
        return Ok(Some(format!("{WASM}, whose tests run under Node.js, which is missing")));
    }
    let listed = rustup(&["target", "list", "--installed"]).output();
    let installed = listed.is_ok_and(|list| String::from_utf8_lossy(&list.stdout).contains(WASM));
    if !installed && (offline || !succeeds(rustup(&["target", "add", WASM]))) {
        return Ok(Some(format!("{WASM}, which cannot be installed here")));
    }
    let mut test = crate::workspace::cargo();
    test.args(["test", "--package", "steadfast-certify", "--target", WASM, "--test", "value_stability"]);
    test.env(
        "CARGO_TARGET_WASM32_WASIP1_RUNNER",
        format!("node --no-warnings {}/xtask/wasi.mjs", root().display()),
    );
    run(test)?;
    Ok(None)
}

fn program(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(root());
    command
}

fn rustup(arguments: &[&str]) -> Command {
    let mut command = program("rustup", arguments);
    // Set by the cargo that runs this program; they name another toolchain.
    command.env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
    command
}

fn succeeds(mut command: Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn run(mut command: Command) -> Result<(), Box<dyn Error>> {
    eprintln!("\n== {command:?}");
    let status = command.current_dir(root()).status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed ({status})").into()) }
}
