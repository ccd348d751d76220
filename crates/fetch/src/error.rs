//! [`Error`]: what can go wrong, and the way out of each.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::Client;

/// Why a source could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The description of the source is invalid.
    #[error("the source's {field} is {given:?}, expected {expected}")]
    Source {
        /// The field of [`Source`](crate::Source).
        field: &'static str,
        /// Its value.
        given: String,
        /// The accepted values.
        expected: &'static str,
    },
    /// The data is not in the cache and the caller is offline.
    #[error(
        "{package} is not in {}, and offline nothing is downloaded; run once without offline on a machine \
         with a network (it calls `{command}`), or set STEADFAST_CACHE to a cache that has it",
        folder.display()
    )]
    Offline {
        /// The package and version.
        package: String,
        /// Where it would be.
        folder: PathBuf,
        /// The command that downloads it.
        command: String,
    },
    /// The folder in the cache differs from its manifest. Online it is fetched again.
    #[error(
        "the cached {} is damaged; run once without offline to fetch it again (it calls `{command}`), \
         or delete the folder",
        folder.display()
    )]
    Damaged {
        /// The folder.
        folder: PathBuf,
        /// The command that downloads it.
        command: String,
        /// The difference.
        #[source]
        damage: Damage,
    },
    /// The cache folder cannot be created or written.
    #[error("cannot write the cache folder {}; set STEADFAST_CACHE to a folder that can be written", path.display())]
    Unwritable {
        /// The folder or file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The disk, or one's share of it, is full.
    #[error(
        "no space is left to write {}; the files unpacked so far were removed: free space, or set STEADFAST_CACHE to a \
         folder on a larger disk",
        path.display()
    )]
    DiskFull {
        /// The file that was being written.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The package client is not installed, or not on the search path.
    #[error(
        "`{program}` was not found; install {}, or put it on PATH, and run again (it is needed for `{command}`)",
        client.comes_with()
    )]
    ClientMissing {
        /// The client that is needed.
        client: Client,
        /// The program that was looked for.
        program: String,
        /// The command that was to run.
        command: String,
    },
    /// The package client could not be started, for another reason than being absent.
    #[error("`{program}` could not be started")]
    ClientStart {
        /// The program.
        program: String,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The package client reported a failure: no network, an unknown version, a refused log-in.
    #[error(
        "`{command}` failed ({status}); check the network, the space on the disk and the client's settings. Its last \
         lines:\n{stderr}"
    )]
    ClientFailed {
        /// The command.
        command: String,
        /// How it ended, such as `exit status: 1`.
        status: String,
        /// The last lines of its error stream.
        stderr: String,
    },
    /// The client succeeded but left no archive of the expected name.
    #[error("`{command}` left no {expected}; it left: {}", found.join(", "))]
    ArchiveMissing {
        /// The command.
        command: String,
        /// The expected file name.
        expected: String,
        /// The names that were found.
        found: Vec<String>,
    },
    /// The archive's size is not the pinned one.
    #[error(
        "{archive} has {found} bytes, expected {expected}; the download was cut short or is another file: run again, \
         and if the size stays the same, do not use that mirror"
    )]
    ArchiveSize {
        /// The archive's file name.
        archive: String,
        /// Its size in bytes.
        found: u64,
        /// The pinned size in bytes.
        expected: u64,
    },
    /// The archive's SHA-256 is not the pinned one.
    #[error(
        "{archive} has SHA-256 {found}, expected {expected}; it is not the file that was published: do not use that \
         mirror"
    )]
    ArchiveHash {
        /// The archive's file name.
        archive: String,
        /// Its SHA-256.
        found: String,
        /// The pinned SHA-256.
        expected: String,
    },
    /// The archive is not a readable gzip-compressed tar file, or not a readable zip file.
    #[error("{archive} cannot be unpacked")]
    ArchiveUnreadable {
        /// The archive's file name.
        archive: String,
        /// The reason.
        #[source]
        source: io::Error,
    },
    /// The archive holds a path outside the folder that it is unpacked into.
    #[error("{archive} holds the path {entry:?}, which leads outside; nothing was unpacked")]
    ArchiveTraversal {
        /// The archive's file name.
        archive: String,
        /// The path.
        entry: String,
    },
    /// The files are many times larger than the archive.
    #[error("{archive} unpacks to more than {allowed} bytes, 100 times its size; nothing was kept")]
    ArchiveGrowth {
        /// The archive's file name.
        archive: String,
        /// The bytes that it may unpack to.
        allowed: u64,
    },
    /// A wanted file is missing from the archive, occurs twice, or is no plain file.
    #[error(
        "{archive} must hold {file}, once and as a plain file; it does not: correct the source's list of files"
    )]
    ArchiveContent {
        /// The archive's file name.
        archive: String,
        /// The path inside the archive.
        file: String,
    },
    /// There is no libtorch to fetch for this kind of machine.
    #[error(
        "no libtorch is fetched for {machine}, only for x86_64 linux with glibc; download libtorch {expected} from PyTorch's \
         site and set LIBTORCH to its folder, or install torch=={expected} with pip and set LIBTORCH_USE_PYTORCH=1"
    )]
    LibtorchMachine {
        /// The architecture and operating system.
        machine: String,
        /// The version that is needed.
        expected: &'static str,
    },
    /// A folder that should hold libtorch lacks a part.
    #[error(
        "{} is no complete libtorch: it has no {missing}; set LIBTORCH to a folder with libtorch {expected}, or unset it, or \
         move {} away so that libtorch is fetched there",
        folder.display(), folder.display()
    )]
    LibtorchIncomplete {
        /// The folder.
        folder: PathBuf,
        /// The missing part, below the folder.
        missing: &'static str,
        /// The version that is needed.
        expected: &'static str,
    },
    /// A folder holds another version of libtorch than this workspace is built for.
    #[error(
        "{} holds libtorch {found}, needed is {expected}; set LIBTORCH to a folder with libtorch {expected}, or unset it, or \
         move {} away so that libtorch is fetched there",
        folder.display(), folder.display()
    )]
    LibtorchVersion {
        /// The folder.
        folder: PathBuf,
        /// The version in its files.
        found: String,
        /// The version that is needed.
        expected: &'static str,
    },
    /// A file or folder of the cache could not be read or written.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was attempted, such as `read`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// A file could not be written; a full disk has an error of its own.
    pub(crate) fn unwritten(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path, source },
            _ => Self::Io { doing: "write", path, source },
        }
    }
}

/// How a folder of the cache differs from its manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// There is no manifest: the folder was not finished, or was not made by this crate.
    #[error("it has no manifest, so it was never finished")]
    Unfinished,
    /// The manifest cannot be read, or is not in the expected form.
    #[error("its manifest is not readable at line {line}")]
    Manifest {
        /// The line, from 1.
        line: usize,
    },
    /// The manifest belongs to another archive or to another list of files.
    #[error("its manifest is of another archive or another list of files")]
    Other,
    /// A file is missing or cannot be looked at.
    #[error("{file} is missing")]
    Missing {
        /// The file, below the folder.
        file: String,
    },
    /// A file has another size.
    #[error("{file} has {found} bytes, expected {expected}")]
    Size {
        /// The file, below the folder.
        file: String,
        /// Its size in bytes.
        found: u64,
        /// The size in the manifest.
        expected: u64,
    },
    /// A file has another content; only [`Cache::verify`](crate::Cache::verify) looks.
    #[error("{file} has another content than was unpacked (SHA-256 {found}, expected {expected})")]
    Content {
        /// The file, below the folder.
        file: String,
        /// Its SHA-256.
        found: String,
        /// The SHA-256 in the manifest.
        expected: String,
    },
}
