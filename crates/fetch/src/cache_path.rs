//! The path of the cache.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// The environment variable that moves the cache.
pub(crate) const VARIABLE: &str = "STEADFAST_CACHE";

/// The cache folder for a value of [`VARIABLE`] and a current folder.
///
/// Without the variable it is `.cache` beside the nearest `Cargo.lock`, looking upwards, so that programs, tests and
/// benches of one workspace share it whatever folder they are started in; without a `Cargo.lock`, in `current`.
pub(crate) fn root(variable: Option<OsString>, current: &Path) -> PathBuf {
    match variable.filter(|value| !value.is_empty()) {
        Some(value) => current.join(value),
        None => current
            .ancestors()
            .find(|folder| folder.join("Cargo.lock").is_file())
            .unwrap_or(current)
            .join(".cache"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_wins_and_an_empty_one_counts_as_unset() {
        let folder = tempfile::tempdir().unwrap();
        let current = folder.path().join("crates/one");
        std::fs::create_dir_all(&current).unwrap();
        std::fs::write(folder.path().join("Cargo.lock"), "").unwrap();
        assert_eq!(root(None, &current), folder.path().join(".cache"));
        assert_eq!(root(Some("".into()), &current), folder.path().join(".cache"));
        assert_eq!(root(Some("elsewhere".into()), &current), current.join("elsewhere"));
        assert_eq!(root(Some(folder.path().into()), &current), folder.path());
    }
}
