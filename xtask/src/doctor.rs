//! What is there, what is not, and what to do about it.

use std::{
    env,
    error::Error,
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

use steadfast_fetch::{Cache, Error as FetchError, catalog, libtorch};

use crate::{
    libtorch::{Libtorch, check},
    with_causes,
    workspace::{self, cargo},
};

/// One line of the report.
struct Finding {
    verdict: Verdict,
    what: String,
    found: String,
    remedy: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Fine,
    /// Not there, and needed only for some things.
    Absent,
    Wrong,
}

impl Finding {
    fn new(verdict: Verdict, what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { verdict, what: what.into(), found: found.into(), remedy: None }
    }

    fn fine(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self::new(Verdict::Fine, what, found)
    }

    fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Fine => "ok",
            Verdict::Absent => "--",
            Verdict::Wrong => "WRONG",
        };
        write!(f, "{verdict:<6}{:<24}{}", self.what, self.found)?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n{:<30}-> {remedy}", ""),
            None => Ok(()),
        }
    }
}

/// Prints one line about each thing that a build or a run may need.
pub(crate) fn examine(verify: bool) -> Result<(), Box<dyn Error>> {
    let cache = Cache::from_environment()?;
    let mut wrong = 0;
    let mut say = |finding: Finding| {
        wrong += usize::from(finding.verdict == Verdict::Wrong);
        println!("{finding}");
    };
    toolchain().into_iter().chain(clients()).for_each(&mut say);
    chosen_libtorch(&cache, verify).into_iter().chain(cuda()).for_each(&mut say);
    cached(&cache, verify).into_iter().for_each(&mut say);
    match wrong {
        0 => Ok(()),
        _ => Err(format!("{wrong} of these are wrong; the lines with an arrow say what to do").into()),
    }
}

fn toolchain() -> Vec<Finding> {
    let needed = env!("CARGO_PKG_RUST_VERSION");
    let rust =
        match said(Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("--version")) {
            Some(found) if numbers(&found) >= numbers(needed) => Finding::fine("rust", found),
            Some(found) => Finding::new(Verdict::Wrong, "rust", found)
                .remedy(format!("Rust {needed} or later is needed: rustup update")),
            None => Finding::new(Verdict::Wrong, "rust", "rustc does not answer")
                .remedy("install Rust with rustup"),
        };
    let compiler = env::var_os("CXX").unwrap_or_else(|| "c++".into());
    let cxx = match said(Command::new(&compiler).arg("--version")) {
        Some(found) => Finding::fine("C++ compiler", found),
        None => Finding::new(Verdict::Absent, "C++ compiler", format!("no {}", compiler.display()))
            .remedy("the feature torch needs one: install g++ or clang, or set CXX"),
    };
    vec![rust, cxx]
}

fn clients() -> Vec<Finding> {
    let client = |name: &str, programs: &[&str], remedy: &str| {
        let found = programs.iter().find_map(|program| said(Command::new(program).arg("--version")));
        match found {
            Some(found) => Finding::fine(name, found),
            None => Finding::new(Verdict::Absent, name, "not on PATH").remedy(remedy),
        }
    };
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    vec![
        client("npm", &[npm], "install Node.js to fetch digits, word vectors, WordNet and mails"),
        client(
            "pip",
            &["pip", "pip3"],
            "install Python 3 with pip to fetch libtorch, the model and movie reviews",
        ),
    ]
}

fn chosen_libtorch(cache: &Cache, verify: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.push(match Libtorch::chosen(cache) {
        Libtorch::OfPython => of_python(),
        Libtorch::Own(folder) => {
            let found = format!("{} in {} (LIBTORCH)", stated(&folder), folder.display());
            match check(&folder) {
                Ok(()) => Finding::fine("libtorch", found),
                Err(error) => Finding::new(Verdict::Wrong, "libtorch", found).remedy(error.to_string()),
            }
        }
        Libtorch::Fetched => {
            let folder = cache.libtorch_folder();
            let looked = cache.fetch_libtorch(true).map(drop);
            let state = if verify { looked.and_then(|()| cache.verify_libtorch()) } else { looked };
            entry("libtorch", &folder, state, &format!("{} in {}", stated(&folder), folder.display()))
        }
    });
    if cache.root() != workspace::root().join(".cache") && env::var_os("LIBTORCH_USE_PYTORCH").is_none() {
        let what = format!("STEADFAST_CACHE is {}", cache.root().display());
        findings.push(
            Finding::fine("", what).remedy(format!(
                "for cargo without xtask, set LIBTORCH={}",
                cache.libtorch_folder().display()
            )),
        );
    }
    if downloads_libtorch() {
        findings.push(
            Finding::new(Verdict::Absent, "download-libtorch", "this feature of tch is on, and does nothing")
                .remedy("it is inert while LIBTORCH is set: remove that from .cargo/config.toml to use it"),
        );
    }
    findings
}

fn of_python() -> Finding {
    let python = if env::var_os("VIRTUAL_ENV").is_some() { "python" } else { "python3" };
    let version = said(Command::new(python).args(["-c", "import torch; print(torch.__version__)"]));
    let found = format!("{} of {python} (LIBTORCH_USE_PYTORCH)", version.as_deref().unwrap_or("none"));
    if version.is_some_and(|version| version.split('+').next() == Some(libtorch::VERSION)) {
        return Finding::fine("libtorch", found);
    }
    let needed = libtorch::VERSION;
    Finding::new(Verdict::Wrong, "libtorch", found).remedy(format!(
        "pip install torch=={needed}, or unset LIBTORCH_USE_PYTORCH and run cargo xtask setup"
    ))
}

/// Whether someone has turned on the feature by which `tch` downloads libtorch itself.
fn downloads_libtorch() -> bool {
    let metadata = cargo().args(["metadata", "--format-version=1", "--features=torch"]).output();
    let metadata = metadata.ok().and_then(|output| serde_json::from_slice(&output.stdout).ok());
    let metadata: serde_json::Value = metadata.unwrap_or_default();
    let nodes = metadata["resolve"]["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
    nodes.iter().any(|node| {
        node["id"].as_str().is_some_and(|id| id.contains("torch-sys"))
            && node["features"]
                .as_array()
                .is_some_and(|features| features.contains(&"download-libtorch".into()))
    })
}

fn cuda() -> Vec<Finding> {
    let driver = match said(
        Command::new("nvidia-smi").args(["--query-gpu=name,driver_version", "--format=csv,noheader"]),
    ) {
        Some(found) => Finding::fine("CUDA device", found),
        None => Finding::new(Verdict::Absent, "CUDA device", "none: nvidia-smi does not answer")
            .remedy("the CPU computes; for CUDA, a device and its driver are needed"),
    };
    let named = env::var_os("STEADFAST_LIBTORCH_CUDA").filter(|value| !value.is_empty()).map(PathBuf::from);
    let searched = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let library = match &named {
        Some(folder) if folder.is_dir() => Some(folder.join(CUDA_LIBRARY)),
        Some(file) => Some(file.clone()),
        None => {
            env::split_paths(&searched).map(|folder| folder.join(CUDA_LIBRARY)).find(|file| file.is_file())
        }
    };
    let remedy = format!(
        "with PyTorch {} for CUDA installed, let STEADFAST_LIBTORCH_CUDA name its folder torch/lib",
        libtorch::VERSION
    );
    let library = match library {
        Some(file) if !file.is_file() => {
            let found = format!("STEADFAST_LIBTORCH_CUDA names {}, which is not there", file.display());
            Finding::new(Verdict::Wrong, "CUDA libraries", found).remedy(remedy)
        }
        // The version stands beside the folder `lib` that the library is in.
        Some(file) => match file.ancestors().nth(2).and_then(libtorch::version) {
            Some(version) if version.split('+').next() != Some(libtorch::VERSION) => {
                Finding::new(Verdict::Wrong, "CUDA libraries", format!("{version}, {}", file.display()))
                    .remedy(remedy)
            }
            _ => Finding::fine("CUDA libraries", file.display().to_string()),
        },
        None => {
            let found = "neither STEADFAST_LIBTORCH_CUDA nor LD_LIBRARY_PATH leads to libtorch_cuda.so";
            Finding::new(Verdict::Absent, "CUDA libraries", found).remedy(remedy)
        }
    };
    vec![driver, library]
}

const CUDA_LIBRARY: &str = "libtorch_cuda.so";

fn cached(cache: &Cache, verify: bool) -> Vec<Finding> {
    let mut findings: Vec<Finding> = catalog::ALL
        .iter()
        .map(|source| {
            let state = if verify { cache.verify(source) } else { cache.fetch(source, true).map(drop) };
            let name = source.package.rsplit('/').next().unwrap_or(source.package);
            entry(name, &cache.folder(source), state, source.version)
        })
        .collect();
    let unfinished = unfinished(cache.root(), 4);
    if !unfinished.is_empty() {
        let bytes = unfinished.iter().map(|folder| size(folder)).sum();
        let found = format!("{} left by runs that were cut off, or still running", megabytes(bytes));
        findings.push(
            Finding::new(Verdict::Absent, "unfinished", found)
                .remedy("the next cargo xtask setup removes those of cut-off runs"),
        );
    }
    let found = format!("{} in {}", megabytes(size(cache.root())), cache.root().display());
    findings.push(
        Finding::fine("cache, all of it", found)
            .remedy("delete the folder at any time: all of it can be fetched again"),
    );
    findings
}

/// What is said about a folder of the cache.
fn entry(what: &str, folder: &Path, state: Result<(), FetchError>, found: &str) -> Finding {
    match state {
        Ok(()) => Finding::fine(what, format!("{found} ({})", megabytes(size(folder)))),
        Err(FetchError::Offline { .. }) => {
            Finding::new(Verdict::Absent, what, "not fetched yet").remedy("cargo xtask setup")
        }
        Err(FetchError::Damaged { damage, .. }) => {
            Finding::new(Verdict::Wrong, what, format!("damaged: {damage}"))
                .remedy(format!("cargo xtask setup fetches it again; or delete {}", folder.display()))
        }
        Err(error) => Finding::new(Verdict::Wrong, what, "not usable").remedy(with_causes(&error)),
    }
}

/// Folders in which something was being fetched.
fn unfinished(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(".fetching-") {
            found.push(entry.path());
        } else if depth > 0 && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(unfinished(&entry.path(), depth - 1));
        }
    }
    found
}

/// The bytes of all files below a folder.
fn size(path: &Path) -> u64 {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn stated(folder: &Path) -> String {
    libtorch::version(folder).unwrap_or_else(|| "of no stated version".to_owned())
}

/// The first line that a program prints, if it runs and ends well.
fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8_lossy(&output.stdout).lines().next().map(|line| line.trim().to_owned())
}

/// The first two numbers of a version inside a text.
fn numbers(text: &str) -> Option<(u32, u32)> {
    let version = text.split(' ').find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let mut parts = version.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared_as_numbers() {
        assert_eq!(numbers("rustc 1.95.0 (59807616e 2026-04-14)"), Some((1, 95)));
        assert!(numbers("rustc 1.100.0-nightly") > numbers("1.95"));
        assert_eq!(numbers("no version"), None);
    }

    #[test]
    fn unfinished_folders_and_sizes_are_found() {
        let folder = env::temp_dir().join(format!("steadfast-doctor-{}", std::process::id()));
        let inner = folder.join("pip/torch/.fetching-1.0~x");
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("file"), [0; 1000]).unwrap();
        assert_eq!(unfinished(&folder, 4), [inner]);
        assert_eq!(size(&folder), 1000);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_is_not_fetched_is_absent_and_what_is_damaged_is_wrong() {
        let folder = Path::new("/no/such/folder");
        let absent =
            FetchError::Offline { package: String::new(), folder: folder.into(), command: String::new() };
        let damaged = FetchError::Damaged {
            folder: folder.into(),
            command: String::new(),
            damage: steadfast_fetch::Damage::Unfinished,
        };
        assert!(entry("x", folder, Err(absent), "1.0").verdict == Verdict::Absent);
        let damaged = entry("x", folder, Err(damaged), "1.0");
        assert!(
            damaged.verdict == Verdict::Wrong && damaged.to_string().contains("cargo xtask setup"),
            "{damaged}"
        );
        assert!(entry("x", folder, Ok(()), "1.0").to_string().starts_with("ok    x "));
    }
}
