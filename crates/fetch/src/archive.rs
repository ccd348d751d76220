//! From a downloaded archive to the wanted files.

use std::{
    fs::{self, File},
    io::{self, BufReader, Write as _},
    path::Path,
};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest as _, Sha256};

use crate::{
    Error, Source,
    manifest::{Entry, hexadecimal, sha256_of},
    source::is_inside,
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

/// Unpacks the wanted files of `archive` into the empty folder `into` and says what each is.
///
/// Every path of the archive is looked at before anything is decided by name, and one that leads outside refuses the
/// archive as a whole. Nothing but plain files is ever created, under the names that the source gives.
pub(crate) fn unpack(archive: &Path, into: &Path, source: &Source<'_>) -> Result<Vec<Entry>, Error> {
    let name = || source.archive.to_owned();
    let unreadable = |error| Error::ArchiveUnreadable { archive: name(), source: error };
    let file = File::open(archive).map_err(unreadable)?;
    let mut reader = tar::Archive::new(MultiGzDecoder::new(BufReader::new(file)));
    let mut kept: Vec<Option<Entry>> = vec![None; source.files.len()];
    for entry in reader.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if !is_inside(path.strip_prefix("./").unwrap_or(&path)) && path != "./" {
            return Err(Error::ArchiveTraversal { archive: name(), entry: path });
        }
        let wanted = source.files.iter().zip(&mut kept).find(|(wanted, _)| wanted.archived == path);
        let Some((wanted, slot)) = wanted else { continue };
        if slot.is_some() || !entry.header().entry_type().is_file() {
            return Err(Error::ArchiveContent { archive: name(), file: path });
        }
        *slot = Some(write_file(&mut entry, into, wanted.name, &unreadable)?);
    }
    source
        .files
        .iter()
        .zip(kept)
        .map(|(wanted, entry)| {
            entry.ok_or_else(|| Error::ArchiveContent { archive: name(), file: wanted.archived.to_owned() })
        })
        .collect()
}

/// Copies one file out of the archive, hashing it on the way, and asks the system to put it on disk.
fn write_file(
    reader: &mut impl io::Read,
    into: &Path,
    name: &str,
    unreadable: &impl Fn(io::Error) -> Error,
) -> Result<Entry, Error> {
    let path = into.join(name);
    let unwritten = |error| Error::Io { doing: "write", path: path.clone(), source: error };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(unwritten)?;
    }
    let mut file = File::create_new(&path).map_err(unwritten)?;
    let mut hasher = Sha256::new();
    let mut bytes = 0;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = reader.read(&mut buffer).map_err(unreadable)?;
        let part = buffer.get(..read).unwrap_or_default();
        if part.is_empty() {
            break;
        }
        hasher.update(part);
        file.write_all(part).map_err(unwritten)?;
        bytes += read as u64;
    }
    file.sync_all().map_err(unwritten)?;
    Ok(Entry { name: name.to_owned(), bytes, sha256: hexadecimal(hasher) })
}
