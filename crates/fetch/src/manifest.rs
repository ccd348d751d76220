//! The manifest: what a finished folder of the cache must hold. It is written last.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

use sha2::{Digest as _, Sha256};

use crate::{Damage, Error, Source};

/// The manifest's file name.
pub(crate) const NAME: &str = ".steadfast-manifest";

/// A manifest larger than this was not written by this crate.
const LARGEST: u64 = 16 << 20;

/// One kept file as it was unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// The text of a manifest: the source, then one line per file, then their number as the end mark.
pub(crate) fn text(source: &Source<'_>, entries: &[Entry]) -> String {
    let mut text = head(source);
    for Entry { name, bytes, sha256 } in entries {
        let _ = writeln!(text, "{sha256} {bytes} {name}");
    }
    let _ = writeln!(text, "end {}", entries.len());
    text
}

fn head(source: &Source<'_>) -> String {
    format!(
        "steadfast-fetch 1\n{} {} {}\narchive {}\n",
        source.client, source.package, source.version, source.archive_sha256
    )
}

/// Compares a folder with its manifest, and the manifest with the source. `None` means that the folder does not exist.
///
/// Sizes are compared; contents only with `contents`.
pub(crate) fn inspect(
    folder: &Path,
    source: &Source<'_>,
    contents: bool,
) -> Result<Option<Vec<Entry>>, Damage> {
    if fs::symlink_metadata(folder).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(None);
    }
    let mut text = String::new();
    let read = File::open(folder.join(NAME)).and_then(|file| file.take(LARGEST).read_to_string(&mut text));
    match read {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(Damage::Manifest { line: 1 }),
        Err(_) => return Err(Damage::Unfinished),
    }
    let entries = parse(&text, source)?;
    for entry in &entries {
        let path = folder.join(&entry.name);
        let missing = || Damage::Missing { file: entry.name.clone() };
        let metadata = fs::metadata(&path).ok().filter(fs::Metadata::is_file).ok_or_else(missing)?;
        if metadata.len() != entry.bytes {
            return Err(Damage::Size {
                file: entry.name.clone(),
                found: metadata.len(),
                expected: entry.bytes,
            });
        }
        if contents {
            let found = sha256_of(&path).map_err(|_| missing())?;
            if found != entry.sha256 {
                return Err(Damage::Content {
                    file: entry.name.clone(),
                    found,
                    expected: entry.sha256.clone(),
                });
            }
        }
    }
    Ok(Some(entries))
}

fn parse(text: &str, source: &Source<'_>) -> Result<Vec<Entry>, Damage> {
    let Some(body) = text.strip_prefix(head(source).as_str()) else {
        return Err(if text.starts_with("steadfast-fetch ") {
            Damage::Other
        } else {
            Damage::Manifest { line: 1 }
        });
    };
    let mut entries = Vec::new();
    let mut ended = false;
    for (line, content) in (4..).zip(body.split_terminator('\n')) {
        let bad = Damage::Manifest { line };
        if ended {
            return Err(bad);
        }
        let mut parts = content.splitn(3, ' ');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("end"), Some(count), None) if count.parse() == Ok(entries.len()) => ended = true,
            (Some(sha256), Some(bytes), Some(name)) if sha256.len() == 64 => {
                let bytes = bytes.parse().map_err(|_| bad)?;
                entries.push(Entry { name: name.to_owned(), bytes, sha256: sha256.to_owned() });
            }
            _ => return Err(bad),
        }
    }
    if !ended || !body.ends_with('\n') {
        return Err(Damage::Manifest { line: 4 + entries.len() });
    }
    // Names come out of a file that anyone may have edited: only those of the source are followed.
    let same = entries.len() == source.files.len()
        && entries.iter().zip(source.files).all(|(entry, kept)| entry.name == kept.name);
    if same { Ok(entries) } else { Err(Damage::Other) }
}

/// The SHA-256 of a file, as lower-case hexadecimal digits.
pub(crate) fn sha256_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hexadecimal(hasher)),
            Ok(read) => hasher.update(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The digest of a hasher, as lower-case hexadecimal digits.
pub(crate) fn hexadecimal(hasher: Sha256) -> String {
    let mut digits = String::with_capacity(64);
    for byte in hasher.finalize() {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// Writes the manifest and asks the system to put it on disk.
pub(crate) fn write(folder: &Path, source: &Source<'_>, entries: &[Entry]) -> Result<(), Error> {
    let path = folder.join(NAME);
    let written = File::create(&path).and_then(|mut file| {
        io::Write::write_all(&mut file, text(source, entries).as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| Error::Io { doing: "write", path, source: error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kept, catalogue::MNIST};

    const FILES: [Kept<'static>; 2] =
        [Kept { archived: "p/a", name: "a" }, Kept { archived: "p/b c", name: "b c" }];
    const SOURCE: Source<'static> = Source { files: &FILES, ..MNIST };

    fn entries() -> Vec<Entry> {
        let entry = |name: &str, bytes| Entry { name: name.to_owned(), bytes, sha256: "0".repeat(64) };
        vec![entry("a", 3), entry("b c", 0)]
    }

    #[test]
    fn a_manifest_reads_back_and_every_shorter_one_is_refused() {
        let text = text(&SOURCE, &entries());
        assert_eq!(parse(&text, &SOURCE).unwrap(), entries());
        for end in 0..text.len() {
            assert!(parse(&text[..end], &SOURCE).is_err(), "{end} bytes of {text}");
        }
        assert!(parse(&format!("{text}end 2\n"), &SOURCE).is_err());
    }

    #[test]
    fn a_manifest_of_another_source_is_told_from_a_broken_one() {
        let text = text(&SOURCE, &entries());
        assert!(matches!(parse(&text, &Source { version: "1.0.0", ..SOURCE }), Err(Damage::Other)));
        assert!(matches!(parse(&text, &MNIST), Err(Damage::Other)));
        assert!(matches!(parse("nonsense", &SOURCE), Err(Damage::Manifest { line: 1 })));
        let renamed = text.replace(" a\n", " ../a\n");
        assert!(matches!(parse(&renamed, &SOURCE), Err(Damage::Other)));
    }
}
