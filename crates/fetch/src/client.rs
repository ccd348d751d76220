//! The package clients, and how they are called.

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

/// How an archive gets into a folder. [`PackageClients`] is the usual way; tests and unusual set-ups bring their own.
pub trait Download: Send + Sync {
    /// Puts the archive of `source` into the empty folder `into`, under the name [`Source::archive`].
    ///
    /// Nothing has to be checked here: the cache compares size and hash afterwards.
    ///
    /// # Errors
    ///
    /// Whatever kept the archive from arriving.
    fn download(&self, source: &Source<'_>, into: &Path) -> Result<(), Error>;
}

/// Calls `npm pack` and `pip download`.
///
/// `npm pack` runs no script of the package. pip gets the archive's SHA-256 and compares it before it looks inside; of a
/// source distribution it then asks the metadata, for which it may run the build script that the archive brings.
#[derive(Debug, Clone)]
pub struct PackageClients {
    npm: Vec<OsString>,
    pip: Vec<OsString>,
}

impl Default for PackageClients {
    /// The programs `npm` and `pip`, or else `pip3`, of the search path.
    fn default() -> Self {
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        Self { npm: vec![npm.into()], pip: vec!["pip".into(), "pip3".into()] }
    }
}

impl PackageClients {
    /// Calls `program` as `client`, for one that is not on the search path or has another name, such as `pip3.12`.
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
        // The client's own temporary files go where there is room for them, and away with the folder when it is killed.
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

/// What the client is called with.
fn arguments(source: &Source<'_>) -> Vec<String> {
    let fixed: &[&str] = match source.client {
        Client::Npm => &["pack", "--ignore-scripts", "--loglevel=error"],
        // What is needed of an archive is kept in the cache: pip need not keep half a gigabyte a second time.
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

/// The end of a client's error stream: enough to tell a missing network from an unknown version.
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
