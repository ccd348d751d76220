//! libtorch for the CPU, from the packages of `PyTorch`.
//!
//! The wheel of `torch` for Python holds the C++ library, its headers, and much more. [`Cache::fetch_libtorch`] keeps what a
//! program that runs on the CPU needs: `libtorch_cpu.so`, `libc10.so` and `libgomp.so.1` of that wheel, the two small CUDA
//! libraries that `libtorch_cpu.so` asks the loader for, the headers, and a linker script `libtorch.so` in place of the library
//! of this name, which would require CUDA. A program linked against it runs on CUDA if a whole libtorch is found at run time.
//!
//! ```no_run
//! use steadfast_fetch::{Cache, libtorch};
//!
//! let folder = Cache::from_environment()?.fetch_libtorch(false)?;
//! assert_eq!(libtorch::version(&folder).as_deref(), Some(libtorch::VERSION));
//! # Ok::<(), steadfast_fetch::Error>(())
//! ```
//!
//! The folder is `libtorch` in the cache. 544 MB to download, 498 MB on disk, and at most 1.1 GB while it is being made.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    ArchiveEntry, Cache, Client, Error, Source,
    bundle::{Bundle, Text},
    manifest,
};

/// The version of libtorch that this workspace is built for: each release of `tch` requires one.
pub const VERSION: &str = "2.11.0";

/// The smallest packages first: if one is missing, little was downloaded in vain.
// `licences` is spelled as in the manifests of existing caches, which would otherwise be fetched again.
const SOURCES: [Source<'static>; 3] = [
    Source {
        client: Client::Pip,
        package: "nvidia-cuda-runtime",
        version: "13.0.96",
        archive: "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        archive_bytes: 2_243_632,
        archive_sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
        files: &[
            ArchiveEntry { archived: "nvidia/cu13/lib/libcudart.so.13", name: "lib/libcudart.so.13" },
            ArchiveEntry {
                archived: "nvidia_cuda_runtime-13.0.96.dist-info/licenses/License.txt",
                name: "licences/nvidia-cuda-runtime.txt",
            },
        ],
    },
    Source {
        client: Client::Pip,
        package: "nvidia-cuda-cupti",
        version: "13.0.85",
        archive: "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
        archive_bytes: 10_715_597,
        archive_sha256: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
        files: &[
            ArchiveEntry { archived: "nvidia/cu13/lib/libcupti.so.13", name: "lib/libcupti.so.13" },
            ArchiveEntry {
                archived: "nvidia_cuda_cupti-13.0.85.dist-info/licenses/License.txt",
                name: "licences/nvidia-cuda-cupti.txt",
            },
        ],
    },
    Source {
        client: Client::Pip,
        package: "torch",
        version: VERSION,
        archive: "torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64.whl",
        archive_bytes: 530_604_548,
        archive_sha256: "7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a",
        files: &[
            ArchiveEntry { archived: "torch/lib/libtorch_cpu.so", name: "lib/libtorch_cpu.so" },
            ArchiveEntry { archived: "torch/lib/libc10.so", name: "lib/libc10.so" },
            ArchiveEntry { archived: "torch/lib/libgomp.so.1", name: "lib/libgomp.so.1" },
            ArchiveEntry { archived: "torch/include/*", name: "include/*" },
            ArchiveEntry { archived: "torch-2.11.0.dist-info/licenses/LICENSE", name: "licences/torch.txt" },
            ArchiveEntry {
                archived: "torch-2.11.0.dist-info/licenses/NOTICE",
                name: "licences/torch-notice.txt",
            },
        ],
    },
];

const TEXTS: [Text<'static>; 2] = [
    // The linker looks for `-ltorch`; the real library of that name depends on CUDA.
    Text { name: "lib/libtorch.so", content: "INPUT(-ltorch_cpu -lc10)\n" },
    Text { name: "build-version", content: "2.11.0\n" },
];

/// The main header, which every libtorch has.
const HEADER: &str = "include/torch/csrc/api/include/torch/torch.h";

impl Cache {
    /// The folder of libtorch, whether or not it exists: the value of `LIBTORCH` for the build of `torch-sys`.
    #[must_use]
    pub fn libtorch_folder(&self) -> PathBuf {
        self.root().join(bundle().folder)
    }

    /// The folder with libtorch for the CPU, which is fetched if it is absent.
    ///
    /// As [`Self::fetch`], with three packages in one folder. A folder of other origin is never changed: it is returned if it
    /// holds a libtorch of [`VERSION`], and refused otherwise.
    ///
    /// # Errors
    ///
    /// Those of [`Self::fetch`]; [`Error::LibtorchMachine`] on other machines than x86-64 Linux;
    /// [`Error::LibtorchIncomplete`] or [`Error::LibtorchVersion`] for a folder of other origin.
    pub fn fetch_libtorch(&self, offline: bool) -> Result<PathBuf, Error> {
        let folder = self.libtorch_folder();
        if is_of_other_origin(&folder) {
            check(&folder)?;
            return Ok(folder);
        }
        if !cfg!(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")) {
            let machine = format!("{} {}", std::env::consts::ARCH, std::env::consts::OS);
            return Err(Error::LibtorchMachine { machine, expected: VERSION });
        }
        self.obtain(&bundle(), offline)
    }

    /// Compares every file of libtorch with the SHA-256 that it had when it was unpacked, as [`Self::verify`] does.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] with the first difference, [`Error::Offline`] if the folder is absent. A folder of other origin goes
    /// through [`check`] only.
    pub fn verify_libtorch(&self) -> Result<(), Error> {
        let folder = self.libtorch_folder();
        if is_of_other_origin(&folder) { check(&folder) } else { self.compare(&bundle()) }
    }
}

/// Checks a libtorch of any origin: that its main parts exist and that it is of [`VERSION`].
///
/// The version is that in the file `build-version`, or in `version.py` of the Python package. A folder without either is
/// accepted.
///
/// # Errors
///
/// [`Error::LibtorchIncomplete`], [`Error::LibtorchVersion`].
pub fn check(folder: &Path) -> Result<(), Error> {
    for missing in ["lib", HEADER] {
        if !folder.join(missing).exists() {
            return Err(Error::LibtorchIncomplete { folder: folder.to_owned(), missing, expected: VERSION });
        }
    }
    match version(folder) {
        Some(found) if found.split('+').next() != Some(VERSION) => {
            Err(Error::LibtorchVersion { folder: folder.to_owned(), found, expected: VERSION })
        }
        _ => Ok(()),
    }
}

/// The version in a libtorch's own files, such as `2.11.0` or `2.11.0+cu130`.
#[must_use]
pub fn version(folder: &Path) -> Option<String> {
    if let Ok(text) = fs::read_to_string(folder.join("build-version")) {
        return Some(text.trim().to_owned());
    }
    let text = fs::read_to_string(folder.join("version.py")).ok()?;
    let (_, value) = text.lines().find_map(|line| line.strip_prefix("__version__")?.split_once('='))?;
    Some(value.trim().trim_matches(['\'', '"']).to_owned())
}

/// Whether the folder is of other origin: this crate creates none without a manifest.
fn is_of_other_origin(folder: &Path) -> bool {
    let is_empty = || fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    let is_missing = |path: &Path| {
        fs::symlink_metadata(path).is_err_and(|error| {
            matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        })
    };
    !is_missing(folder) && is_missing(&folder.join(manifest::NAME)) && !is_empty()
}

fn bundle() -> Bundle<'static> {
    Bundle {
        name: format!("libtorch {VERSION}"),
        folder: "libtorch".to_owned(),
        sources: &SOURCES,
        texts: &TEXTS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn the_packages_are_well_formed_and_of_the_version() {
        bundle().check().unwrap();
        assert!(SOURCES.iter().any(|source| source.package == "torch" && source.version == VERSION));
        assert!(TEXTS.iter().any(|text| text.name == "build-version" && text.content.trim() == VERSION));
    }

    #[test]
    fn a_folder_of_other_origin_is_used_as_it_is_or_refused_but_never_changed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path());
        let libtorch = cache.libtorch_folder();
        write(&libtorch.join("lib/libtorch.so"), "mine");
        let error = cache.fetch_libtorch(false).unwrap_err();
        assert!(matches!(error, Error::LibtorchIncomplete { missing: HEADER, .. }), "{error}");

        write(&libtorch.join(HEADER), "");
        for (version, fine) in
            [("2.11.0+cpu\n", true), ("2.11.0", true), ("2.9.1\n", false), ("2.11.01", false)]
        {
            write(&libtorch.join("build-version"), version);
            match cache.fetch_libtorch(false) {
                Ok(found) => assert!(fine && found == libtorch, "{version}"),
                Err(error) => {
                    assert!(!fine && matches!(error, Error::LibtorchVersion { .. }), "{version}: {error}");
                    assert!(
                        error.to_string().contains(version.trim()) && error.to_string().contains(VERSION)
                    );
                }
            }
        }
        assert_eq!(fs::read_to_string(libtorch.join("lib/libtorch.so")).unwrap(), "mine");
    }

    #[test]
    fn the_version_of_a_python_package_is_read_too() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(version(folder.path()), None);
        write(&folder.path().join("version.py"), "__all__ = ['__version__']\n__version__ = '2.10.0+cu128'\n");
        assert_eq!(version(folder.path()).as_deref(), Some("2.10.0+cu128"));
    }

    #[test]
    fn a_file_in_its_place_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path());
        fs::write(cache.libtorch_folder(), "mine").unwrap();
        assert!(matches!(cache.fetch_libtorch(false), Err(Error::LibtorchIncomplete { .. })));
        assert_eq!(fs::read_to_string(cache.libtorch_folder()).unwrap(), "mine");
    }
}
