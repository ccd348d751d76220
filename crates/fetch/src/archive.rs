//! Checks and unpacks downloaded archives.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, BufRead, BufReader, Seek, Write as _},
    path::Path,
};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;

use crate::{
    Error, Source,
    manifest::{Entry, hexadecimal, sha256_of},
    source::{is_cache_name, is_inside},
};

/// Compares the archive in `folder` with the pinned size and SHA-256.
pub(crate) fn check(folder: &Path, source: &Source<'_>) -> Result<(), Error> {
    let path = folder.join(source.archive);
    let io_error = |error| Error::Io { doing: "read", path: path.clone(), source: error };
    let metadata = match fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.is_file() => metadata,
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io_error(error)),
        _ => {
            let entries = fs::read_dir(folder).map_err(io_error)?;
            let mut found: Vec<String> =
                entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
            found.sort();
            if found.is_empty() {
                found.push("nothing".to_owned());
            }
            return Err(Error::ArchiveMissing {
                command: source.command(),
                expected: source.archive.to_owned(),
                found,
            });
        }
    };
    let archive = source.archive.to_owned();
    if metadata.len() != source.archive_bytes {
        return Err(Error::ArchiveSize { archive, found: metadata.len(), expected: source.archive_bytes });
    }
    let found = sha256_of(&path).map_err(io_error)?;
    if found != source.archive_sha256 {
        return Err(Error::ArchiveHash { archive, found, expected: source.archive_sha256.to_owned() });
    }
    Ok(())
}

/// Unpacks the wanted files of `archive` into the folder `into`, and returns their entries for the manifest.
///
/// The archive is refused as a whole if any of its paths leads outside. Only plain files are created, under the names that
/// the source gives.
pub(crate) fn unpack(archive: &Path, into: &Path, source: &Source<'_>) -> Result<Vec<Entry>, Error> {
    let allowed = source.archive_bytes.saturating_mul(LARGEST_GROWTH);
    let mut unpacking = Unpacking {
        source,
        into,
        allowed,
        names: HashSet::new(),
        unpacked: vec![Vec::new(); source.files.len()],
    };
    let file = File::open(archive).map_err(|error| unpacking.unreadable(error))?;
    if source.archive.ends_with(WHEEL) {
        unpacking.wheel(BufReader::new(file))?;
    } else {
        unpacking.tar(BufReader::new(file))?;
    }
    unpacking.finish()
}

/// The end of a wheel's file name. Wheels are zip archives; all others are gzip-compressed tar archives.
pub(crate) const WHEEL: &str = ".whl";

/// The unpacked files may have this many times the archive's size. Real data stays below 20; deflate can reach 1,000.
const LARGEST_GROWTH: u64 = 100;

struct Unpacking<'a> {
    source: &'a Source<'a>,
    into: &'a Path,
    /// The bytes that may still be written.
    allowed: u64,
    names: HashSet<String>,
    /// What was unpacked for each of the source's files.
    unpacked: Vec<Vec<Entry>>,
}

impl Unpacking<'_> {
    fn tar(&mut self, file: impl BufRead) -> Result<(), Error> {
        let mut reader = tar::Archive::new(MultiGzDecoder::new(file));
        for entry in reader.entries().map_err(|error| self.unreadable(error))? {
            let mut entry = entry.map_err(|error| self.unreadable(error))?;
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let kind = entry.header().entry_type();
            if let Some((position, name)) = self.wanted(&path, kind.is_dir())? {
                self.unpack(position, name, &path, kind.is_file(), &mut entry)?;
            }
        }
        Ok(())
    }

    fn wheel(&mut self, file: impl BufRead + Seek) -> Result<(), Error> {
        let mut reader = ZipArchive::new(file).map_err(|error| self.unreadable(error.into()))?;
        if reader.has_duplicate_names() {
            let twice = io::Error::new(io::ErrorKind::InvalidData, "two of its files have the same name");
            return Err(self.unreadable(twice));
        }
        for index in 0..reader.len() {
            let entry = reader.by_index_data(index).map_err(|error| self.unreadable(error.into()))?;
            let path = String::from_utf8_lossy(entry.name_raw()).into_owned();
            if let Some((position, name)) = self.wanted(&path, entry.is_dir())? {
                let mut entry = reader.by_index(index).map_err(|error| self.unreadable(error.into()))?;
                let plain = entry.is_file();
                self.unpack(position, name, &path, plain, &mut entry)?;
            }
        }
        Ok(())
    }

    /// Which of the source's files `path` is, and its name in the cache.
    fn wanted(&self, path: &str, is_folder: bool) -> Result<Option<(usize, String)>, Error> {
        let traversal =
            || Error::ArchiveTraversal { archive: self.source.archive.to_owned(), entry: path.to_owned() };
        if !is_inside(path.strip_prefix("./").unwrap_or(path)) && path != "./" {
            return Err(traversal());
        }
        let found = self.source.files.iter().enumerate().find_map(|(position, file)| {
            // Folders are created as their files need them.
            let name = file.name_of(path).filter(|_| !(is_folder && file.is_many()))?;
            Some((position, name))
        });
        match found {
            Some((_, name)) if !is_cache_name(&name) => Err(traversal()),
            found => Ok(found),
        }
    }

    /// Copies one file out of the archive, hashing it on the way.
    ///
    /// Files are not flushed to disk one by one, which takes half a minute for ten thousand: a file that is cut short by a
    /// power failure has another size than in the manifest.
    fn unpack(
        &mut self,
        position: usize,
        name: String,
        archived: &str,
        is_plain: bool,
        reader: &mut impl io::Read,
    ) -> Result<(), Error> {
        if !is_plain || !self.names.insert(name.clone()) {
            return Err(self.content(archived));
        }
        let path = self.into.join(&name);
        let unwritten = |error| Error::unwritten(&path, error);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(unwritten)?;
        }
        let mut file = File::create_new(&path).map_err(unwritten)?;
        let mut hasher = Sha256::new();
        let mut bytes = 0;
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = reader.read(&mut buffer).map_err(|error| self.unreadable(error))?;
            let part = buffer.get(..read).unwrap_or_default();
            if part.is_empty() {
                break;
            }
            self.allowed = self.allowed.checked_sub(read as u64).ok_or_else(|| Error::ArchiveGrowth {
                archive: self.source.archive.to_owned(),
                allowed: self.source.archive_bytes.saturating_mul(LARGEST_GROWTH),
            })?;
            hasher.update(part);
            file.write_all(part).map_err(unwritten)?;
            bytes += read as u64;
        }
        let entry = Entry { name, bytes, sha256: hexadecimal(hasher) };
        self.unpacked.get_mut(position).into_iter().for_each(|unpacked| unpacked.push(entry.clone()));
        Ok(())
    }

    fn finish(self) -> Result<Vec<Entry>, Error> {
        match self.source.files.iter().zip(&self.unpacked).find(|(_, unpacked)| unpacked.is_empty()) {
            Some((wanted, _)) => Err(self.content(wanted.archived)),
            None => Ok(self.unpacked.concat()),
        }
    }

    fn content(&self, file: &str) -> Error {
        Error::ArchiveContent { archive: self.source.archive.to_owned(), file: file.to_owned() }
    }

    fn unreadable(&self, source: io::Error) -> Error {
        Error::ArchiveUnreadable { archive: self.source.archive.to_owned(), source }
    }
}
