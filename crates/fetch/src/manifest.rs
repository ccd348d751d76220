//! The manifest: size and SHA-256 of each file in a complete folder of the cache. It is written last.

use std::{
    collections::HashMap,
    fmt::Write as _,
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

use sha2::{Digest as _, Sha256};

use crate::{Damage, Error, Source, bundle::Bundle, source::is_cache_name};

/// The manifest's file name.
pub(crate) const NAME: &str = ".steadfast-manifest";

/// A manifest larger than this was not written by this crate.
const LARGEST: u64 = 16 << 20;

/// One file as it was unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// The text of a manifest: the packages, then one line per file, then their number as the end mark.
pub(crate) fn text(bundle: &Bundle<'_>, entries: &[Entry]) -> String {
    let mut text = head(bundle);
    for Entry { name, bytes, sha256 } in entries {
        let _ = writeln!(text, "{sha256} {bytes} {name}");
    }
    let _ = writeln!(text, "end {}", entries.len());
    text
}

fn head(bundle: &Bundle<'_>) -> String {
    let mut text = "steadfast-fetch 1\n".to_owned();
    for Source { client, package, version, archive_sha256, .. } in bundle.sources {
        let _ = writeln!(text, "{client} {package} {version}\narchive {archive_sha256}");
    }
    text
}

/// Compares a folder with its manifest, and the manifest with the bundle's description. `None` if the folder does not exist.
///
/// Sizes are compared; contents only with `contents`.
pub(crate) fn inspect(
    folder: &Path,
    bundle: &Bundle<'_>,
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
    let entries = parse(&text, bundle)?;
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

fn parse(text: &str, bundle: &Bundle<'_>) -> Result<Vec<Entry>, Damage> {
    let head = head(bundle);
    let Some(body) = text.strip_prefix(head.as_str()) else {
        return Err(if text.starts_with("steadfast-fetch ") {
            Damage::Other
        } else {
            Damage::Manifest { line: 1 }
        });
    };
    let mut entries = Vec::new();
    let mut ended = false;
    let first = 1 + head.lines().count();
    for (line, content) in (first..).zip(body.split_terminator('\n')) {
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
        return Err(Damage::Manifest { line: first + entries.len() });
    }
    if is_of(&entries, bundle) { Ok(entries) } else { Err(Damage::Other) }
}

/// Whether the names are those of the bundle, each once. The manifest may have been edited, so no other name is followed.
fn is_of(entries: &[Entry], bundle: &Bundle<'_>) -> bool {
    let by_name: HashMap<&str, &Entry> = entries.iter().map(|entry| (entry.name.as_str(), entry)).collect();
    by_name.len() == entries.len()
        && by_name.keys().all(|name| {
            let known = bundle.entries().any(|entry| entry.gives(name));
            is_cache_name(name) && (known || bundle.texts.iter().any(|text| text.name == *name))
        })
        && bundle.entries().all(|entry| by_name.keys().any(|name| entry.gives(name)))
        && bundle.texts.iter().all(|text| by_name.get(text.name).is_some_and(|found| **found == text.entry()))
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

/// Writes the manifest and flushes it to disk.
pub(crate) fn write(folder: &Path, bundle: &Bundle<'_>, entries: &[Entry]) -> Result<(), Error> {
    let path = folder.join(NAME);
    let written = File::create(&path).and_then(|mut file| {
        io::Write::write_all(&mut file, text(bundle, entries).as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| Error::unwritten(&path, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ArchiveEntry, bundle::Text, catalog::MNIST};

    const FILES: [ArchiveEntry<'static>; 2] =
        [ArchiveEntry { archived: "p/a", name: "a" }, ArchiveEntry { archived: "p/b/*", name: "b/*" }];
    const SOURCE: Source<'static> = Source { files: &FILES, ..MNIST };

    fn entries() -> Vec<Entry> {
        let entry = |name: &str, bytes| Entry { name: name.to_owned(), bytes, sha256: "0".repeat(64) };
        vec![entry("a", 3), entry("b/c d", 0), entry("b/e/f", 1)]
    }

    #[test]
    fn a_manifest_reads_back_and_every_shorter_one_is_refused() {
        let texts = [Text { name: "note", content: "of our own\n" }];
        let both = Bundle { texts: &texts, sources: &[SOURCE, MNIST], ..Bundle::of(&SOURCE) };
        let digits =
            MNIST.files.iter().map(|file| Entry { name: file.name.to_owned(), ..entries().remove(0) });
        let all: Vec<Entry> = entries().into_iter().chain(digits).chain([texts[0].entry()]).collect();
        for (bundle, entries) in [(Bundle::of(&SOURCE), entries()), (both, all)] {
            let text = text(&bundle, &entries);
            assert_eq!(parse(&text, &bundle).unwrap(), entries);
            for end in 0..text.len() {
                assert!(parse(&text[..end], &bundle).is_err(), "{end} bytes of {text}");
            }
            assert!(parse(&format!("{text}end 2\n"), &bundle).is_err());
        }
    }

    #[test]
    fn a_manifest_of_another_source_is_told_from_a_broken_one() {
        let bundle = Bundle::of(&SOURCE);
        let text = text(&bundle, &entries());
        let earlier = Source { version: "1.0.0", ..SOURCE };
        assert!(matches!(parse(&text, &Bundle::of(&earlier)), Err(Damage::Other)));
        assert!(matches!(parse(&text, &Bundle::of(&MNIST)), Err(Damage::Other)));
        let with_note = Bundle { texts: &[Text { name: "note", content: "new" }], ..bundle.clone() };
        assert!(matches!(parse(&text, &with_note), Err(Damage::Other)));
        assert!(matches!(parse("nonsense", &bundle), Err(Damage::Manifest { line: 1 })));
        for (name, other) in
            [(" a\n", " ../a\n"), (" a\n", " b/../../a\n"), (" a\n", " b/g\n"), (" b/e/f\n", " b/c d\n")]
        {
            assert!(matches!(parse(&text.replace(name, other), &bundle), Err(Damage::Other)), "{other}");
        }
    }
}
