//! Examples as programs, for tests from the outside.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

/// The example of a test file, built as the test was: `cargo test --test NAME` alone does not build it.
pub(crate) fn example(name: &str) -> &'static Path {
    static EXAMPLE: OnceLock<PathBuf> = OnceLock::new();
    EXAMPLE.get_or_init(|| {
        let own = std::env::current_exe().expect("the test's own path");
        let profile = own.parent().and_then(Path::parent).expect("the target folder");
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--example", name]).current_dir(env!("CARGO_MANIFEST_DIR"));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        // The same features, so that nothing is built twice.
        let features = [
            ("serde", cfg!(feature = "serde")),
            ("torch", cfg!(feature = "torch")),
            ("hub", cfg!(feature = "hub")),
        ];
        for (feature, _) in features.iter().filter(|(_, on)| *on) {
            build.args(["--features", feature]);
        }
        assert!(build.status().expect("cargo").success(), "the example does not build");
        profile.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    })
}

/// What a program printed that ended well.
pub(crate) fn succeeded(output: Output, arguments: &[&str]) -> String {
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// A program that ended in an error, which names every word and is no panic.
pub(crate) fn refused(output: &Output, arguments: &[&str], words: &[&str]) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{arguments:?} succeeded");
    assert!(!message.contains("panicked"), "{arguments:?}: {message}");
    for word in words {
        assert!(message.contains(word), "{arguments:?} should mention {word}: {message}");
    }
}
