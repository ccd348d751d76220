//! The cache: a folder per package and version, complete or not there.

use std::{
    fmt,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{Damage, Download, Error, Event, PackageClients, Source, archive, manifest, place};

/// A folder in which fetched data is kept, one folder per package and version.
///
/// Several processes may use one cache at the same time: whoever fetches holds a file lock that others wait for, and a
/// folder appears under its name only when it is complete.
#[derive(Clone)]
pub struct Cache {
    root: PathBuf,
    download: Arc<dyn Download>,
    observer: Arc<dyn Fn(&Event) + Send + Sync>,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("root", &self.root).finish_non_exhaustive()
    }
}

impl Cache {
    /// A cache in `root`, which is created when something is fetched.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            download: Arc::new(PackageClients::default()),
            observer: Arc::new(|_: &Event| {}),
        }
    }

    /// The cache that `STEADFAST_CACHE` names; without it, `.cache` beside the nearest `Cargo.lock`, looking upwards
    /// from the current folder, or in the current folder itself.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when the system does not say what the current folder is.
    pub fn from_environment() -> Result<Self, Error> {
        let current = std::env::current_dir().map_err(|error| Error::Io {
            doing: "find",
            path: PathBuf::from("."),
            source: error,
        })?;
        Ok(Self::new(place::root(std::env::var_os(place::VARIABLE), &current)))
    }

    /// Downloads in another way than through the clients of the search path.
    #[must_use]
    pub fn download_with(mut self, download: impl Download + 'static) -> Self {
        self.download = Arc::new(download);
        self
    }

    /// Tells `observer` what happens while something is fetched. It is called on the thread that fetches.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// The folder of the cache.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the files of `source` are, or would be.
    #[must_use]
    pub fn folder(&self, source: &Source<'_>) -> PathBuf {
        self.root.join(source.client.folder()).join(source.package).join(source.version)
    }

    /// The folder with the files of `source`, fetched if it is not there yet.
    ///
    /// A folder that is there is compared with its manifest by the sizes of its files, and returned without starting
    /// anything. With `offline` nothing is ever downloaded. A damaged folder is replaced online and refused offline.
    ///
    /// # Errors
    ///
    /// [`Error::Offline`] and [`Error::Damaged`] when `offline` rules out a download that is needed; otherwise what
    /// kept the archive from arriving ([`Error::ClientMissing`], [`Error::ClientFailed`], …), from being the pinned one
    /// ([`Error::ArchiveSize`], [`Error::ArchiveHash`], …), or from being kept ([`Error::Unwritable`], [`Error::Io`]).
    /// After an error the cache is as before.
    pub fn fetch(&self, source: &Source<'_>, offline: bool) -> Result<PathBuf, Error> {
        source.check()?;
        let folder = self.folder(source);
        match manifest::inspect(&folder, source, false) {
            Ok(Some(_)) => return Ok(folder),
            Ok(None) if offline => {
                let (package, command) = (package(source), source.command());
                return Err(Error::Offline { package, folder, command });
            }
            Err(damage) if offline => {
                return Err(Error::Damaged { folder, command: source.command(), damage });
            }
            Ok(None) | Err(_) => {}
        }
        let parent = folder.parent().unwrap_or(&self.root);
        fs::create_dir_all(parent)
            .map_err(|error| Error::Unwritable { path: parent.to_owned(), source: error })?;
        let lock = self.lock(source, parent)?;
        // Whoever held the lock before may have fetched it.
        let damage = match manifest::inspect(&folder, source, false) {
            Ok(Some(_)) => return Ok(folder),
            Ok(None) => None,
            Err(damage) => Some(damage),
        };
        if lock.held {
            remove_leftovers(parent, source);
        }
        self.fetch_into(&folder, parent, source, damage)?;
        self.tell(&Event::Ready { folder: folder.clone() });
        Ok(folder)
    }

    /// Compares every file of `source` in the cache with the SHA-256 that it had when it was unpacked.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] with the first difference, [`Error::Offline`] when the folder is not there.
    pub fn verify(&self, source: &Source<'_>) -> Result<(), Error> {
        source.check()?;
        let folder = self.folder(source);
        let command = source.command();
        match manifest::inspect(&folder, source, true) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(Error::Offline { package: package(source), folder, command }),
            Err(damage) => Err(Error::Damaged { folder, command, damage }),
        }
    }

    fn fetch_into(
        &self,
        folder: &Path,
        parent: &Path,
        source: &Source<'_>,
        damage: Option<Damage>,
    ) -> Result<(), Error> {
        let unwritable = |error| Error::Unwritable { path: parent.to_owned(), source: error };
        let work =
            tempfile::Builder::new().prefix(&work_prefix(source)).tempdir_in(parent).map_err(unwritable)?;
        let (downloaded, unpacked) = (work.path().join("archive"), work.path().join("files"));
        fs::create_dir(&downloaded).map_err(unwritable)?;
        fs::create_dir(&unpacked).map_err(unwritable)?;

        let replaces = damage.is_some();
        if let Some(damage) = damage {
            self.tell(&Event::Damaged { folder: folder.to_owned(), damage });
        }
        self.tell(&Event::Downloading { command: source.command(), bytes: source.archive_bytes });
        self.download.download(source, &downloaded)?;
        archive::check(&downloaded, source)?;
        self.tell(&Event::Unpacking { package: package(source), files: source.files.len() });
        let entries = archive::unpack(&downloaded.join(source.archive), &unpacked, source)?;
        manifest::write(&unpacked, source, &entries)?;

        if replaces {
            // A folder that is not empty cannot be renamed over; the damaged one goes aside and away with `work`.
            fs::rename(folder, work.path().join("damaged")).map_err(|error| Error::Io {
                doing: "replace the damaged",
                path: folder.to_owned(),
                source: error,
            })?;
        }
        match fs::rename(&unpacked, folder) {
            Ok(()) => Ok(()),
            // Where the file system knows no locks, another process may have been faster.
            Err(_) if matches!(manifest::inspect(folder, source, false), Ok(Some(_))) => Ok(()),
            Err(error) => Err(Error::Io { doing: "move into place", path: folder.to_owned(), source: error }),
        }
    }

    fn lock(&self, source: &Source<'_>, parent: &Path) -> Result<Lock, Error> {
        let path = parent.join(format!("{}.lock", source.version));
        let failed = |error| Error::Unwritable { path: path.clone(), source: error };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        let waited = match file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => {
                self.tell(&Event::Waiting { package: package(source) });
                file.lock()
            }
            Err(TryLockError::Error(error)) => Err(error),
        };
        match waited {
            Ok(()) => Ok(Lock { _file: file, held: true }),
            // Some network file systems know no locks. The renames alone keep the cache whole.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(Lock { _file: file, held: false }),
            Err(error) => Err(failed(error)),
        }
    }

    fn tell(&self, event: &Event) {
        (self.observer)(event);
    }
}

/// Released when dropped, also when the process dies.
#[derive(Debug)]
struct Lock {
    _file: File,
    held: bool,
}

fn package(source: &Source<'_>) -> String {
    format!("{} {} {}", source.client, source.package, source.version)
}

fn work_prefix(source: &Source<'_>) -> String {
    // A version holds no `~`, so 1.0 does not match what belongs to 1.0-beta.
    format!(".fetching-{}~", source.version)
}

/// Removes what a killed process left behind. The lock is held, so nobody works there; what cannot be removed, stays.
fn remove_leftovers(parent: &Path, source: &Source<'_>) {
    let prefix = work_prefix(source);
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
