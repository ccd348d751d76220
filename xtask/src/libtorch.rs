//! Which libtorch is built against: the fetched one, or one's own.

use std::{
    env,
    error::Error,
    ffi::OsString,
    path::{Path, PathBuf},
};

use steadfast_fetch::{Cache, libtorch};

use crate::workspace;

/// A choice that the user makes by environment variables, in the order in which the build of `torch-sys` looks at them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Libtorch {
    /// `LIBTORCH_USE_PYTORCH` is set: that of the Python package `torch`.
    OfPython,
    /// `LIBTORCH` names a folder of the user's.
    Own(PathBuf),
    /// Neither: the one in the cache.
    Fetched,
}

impl Libtorch {
    pub(crate) fn chosen(cache: &Cache) -> Self {
        let fetched = [workspace::root().join(".cache/libtorch"), cache.libtorch_folder()];
        Self::from_variables(env::var_os("LIBTORCH_USE_PYTORCH").is_some(), env::var_os("LIBTORCH"), &fetched)
    }

    /// `.cargo/config.toml` sets `LIBTORCH` to the first of `fetched`, so a value alone is not yet the user's choice.
    fn from_variables(of_python: bool, folder: Option<OsString>, fetched: &[PathBuf]) -> Self {
        match folder.filter(|folder| !folder.is_empty()).map(PathBuf::from) {
            _ if of_python => Self::OfPython,
            Some(folder) if !fetched.contains(&folder) => Self::Own(folder),
            _ => Self::Fetched,
        }
    }

    /// Sees to it that it is there, and returns the variables that cargo needs to find it.
    pub(crate) fn prepare(
        &self,
        cache: &Cache,
        offline: bool,
    ) -> Result<Vec<(&'static str, OsString)>, Box<dyn Error>> {
        match self {
            Self::OfPython => Ok(Vec::new()),
            Self::Own(folder) => {
                check(folder)?;
                Ok(Vec::new())
            }
            Self::Fetched => Ok(vec![("LIBTORCH", cache.fetch_libtorch(offline)?.into())]),
        }
    }
}

/// Looks at a libtorch of the user's, unless the variable says not to that also keeps `torch-sys` from looking.
pub(crate) fn check(folder: &Path) -> Result<(), steadfast_fetch::Error> {
    match libtorch::check(folder) {
        Err(steadfast_fetch::Error::LibtorchVersion { .. })
            if env::var_os("LIBTORCH_BYPASS_VERSION_CHECK").is_some() =>
        {
            Ok(())
        }
        checked => checked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ones_own_libtorch_wins_and_that_of_python_before_it() {
        let fetched = [PathBuf::from("/w/.cache/libtorch"), PathBuf::from("/c/libtorch")];
        let choose = |python: bool, folder: Option<&str>| {
            Libtorch::from_variables(python, folder.map(Into::into), &fetched)
        };
        assert_eq!(choose(false, None), Libtorch::Fetched);
        assert_eq!(choose(false, Some("")), Libtorch::Fetched);
        assert_eq!(choose(false, Some("/w/.cache/libtorch")), Libtorch::Fetched);
        assert_eq!(choose(false, Some("/c/libtorch")), Libtorch::Fetched);
        assert_eq!(choose(false, Some("/opt/libtorch")), Libtorch::Own("/opt/libtorch".into()));
        assert_eq!(choose(true, Some("/opt/libtorch")), Libtorch::OfPython);
    }
}
