//! [`Flags`]: the options that mean the same in every example.

use crate::{Error, report::file::OutputFolder};
use std::path::{Path, PathBuf};

/// Where results go and where data comes from.
#[derive(Debug, Clone, clap::Args)]
pub struct Flags {
    /// Folder for results, tables and plots [default: the first free of out/NAME, out/NAME-2, …]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Go on with the run in --out, or report it again if it is finished
    #[arg(long, requires = "out")]
    pub resume: bool,

    /// Read data from this folder instead of fetching it; texts: train.tsv, test.tsv and perhaps dev.tsv, whose header names the columns
    /// sentence and label, with classes from 0
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Never fetch anything: fail if the data is not in the cache
    #[arg(long)]
    pub offline: bool,

    /// Worker threads [default: one per core]
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "N")]
    pub threads: usize,
}

impl Flags {
    /// The output folder: the given one, or else the first of `out/NAME`, `out/NAME-2`, … that is not there yet.
    ///
    /// # Errors
    /// [`Error::OutputFolder`] if it cannot be created or written.
    pub fn output(&self, name: &str) -> Result<OutputFolder, Error> {
        let numbered = |number: u32| {
            Path::new("out").join(if number == 1 { name.to_owned() } else { format!("{name}-{number}") })
        };
        let fresh = || (1..=u32::MAX).map(numbered).find(|path| !path.exists()).unwrap_or_default();
        OutputFolder::open(self.out.clone().unwrap_or_else(fresh))
    }

    /// Sizes rayon's global pool of threads, and libtorch's, by `--threads`. To be called once, before any work that runs on them.
    ///
    /// # Errors
    /// [`Error::Threads`] if the pool cannot be made, or is there already.
    pub fn start_threads(&self) -> Result<(), Error> {
        #[cfg(feature = "torch")]
        steadfast_model::device::set_threads(self.threads);
        rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads)
            .build_global()
            .map_err(|source| Error::Threads { threads: self.threads, source })
    }
}
