//! [`Event`]: the steps of a fetch, for an observer.

use std::{fmt, path::PathBuf};

use crate::Damage;

/// A step of [`Cache::fetch`](crate::Cache::fetch). `Display` gives one status line without a line break.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// Another process is fetching the same package; this one waits for it.
    Waiting {
        /// The package and version.
        package: String,
    },
    /// The folder in the cache differs from its manifest and is fetched again.
    Damaged {
        /// The folder.
        folder: PathBuf,
        /// The difference.
        damage: Damage,
    },
    /// The client was started.
    Downloading {
        /// The command as a person would type it.
        command: String,
        /// The size of the archive in bytes.
        bytes: u64,
    },
    /// The archive has the pinned size and hash and is being unpacked.
    Unpacking {
        /// The package and version.
        package: String,
    },
    /// The folder is complete.
    Ready {
        /// The folder.
        folder: PathBuf,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting { package } => write!(f, "waiting for another process that fetches {package}"),
            Self::Damaged { folder, damage } => {
                write!(f, "{} is damaged ({damage}): fetching it again", folder.display())
            }
            Self::Downloading { command, bytes } => {
                write!(f, "{command} ({:.1} MB)", *bytes as f64 / 1e6)
            }
            Self::Unpacking { package } => write!(f, "unpacking {package}"),
            Self::Ready { folder } => write!(f, "ready: {}", folder.display()),
        }
    }
}
