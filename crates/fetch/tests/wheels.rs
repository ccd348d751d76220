//! Wheels, kept folders, and archives that grow too much: what is kept and what is refused. No network.

use std::{
    fs,
    io::{Cursor, Write as _},
    path::Path,
};

use sha2::{Digest as _, Sha256};
use steadfast_fetch::{ArchiveEntry, Cache, Client, Damage, Download, Error, Source};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

const FILES: [ArchiveEntry<'static>; 2] = [
    ArchiveEntry { archived: "tiny/model/*", name: "model/*" },
    ArchiveEntry { archived: "tiny-1.0.dist-info/LICENSE", name: "LICENSE" },
];
const WHEEL: &str = "tiny-1.0-py3-none-any.whl";

/// A wheel with a folder of two files, a license, and what `add` appends.
fn wheel(add: impl Fn(&mut ZipWriter<Cursor<Vec<u8>>>)) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_directory("tiny/model/", SimpleFileOptions::default()).unwrap();
    for (path, content) in [
        ("tiny/model/a.json", "[1]"),
        ("tiny/code.py", "unwanted"),
        ("tiny/model/deep/b c.json", "[2, 3]"),
        ("tiny-1.0.dist-info/LICENSE", "free"),
    ] {
        append(&mut writer, path, content.as_bytes());
    }
    add(&mut writer);
    writer.finish().unwrap().into_inner()
}

fn append(writer: &mut ZipWriter<Cursor<Vec<u8>>>, path: &str, content: &[u8]) {
    writer.start_file(path, SimpleFileOptions::default()).unwrap();
    writer.write_all(content).unwrap();
}

struct Served(Vec<u8>);

impl Download for Served {
    fn download(&self, source: &Source<'_>, into: &Path) -> Result<(), Error> {
        fs::write(into.join(source.archive), &self.0).unwrap();
        Ok(())
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn source<'a>(bytes: &[u8], sha256: &'a str) -> Source<'a> {
    Source {
        client: Client::Pip,
        package: "tiny",
        version: "1.0",
        archive: WHEEL,
        archive_bytes: bytes.len() as u64,
        archive_sha256: sha256,
        files: &FILES,
    }
}

/// Fetches `bytes` into a new cache.
fn fetch(bytes: &[u8]) -> (tempfile::TempDir, Result<std::path::PathBuf, Error>) {
    let folder = tempfile::tempdir().unwrap();
    let hash = sha256(bytes);
    let fetched = cache(folder.path(), bytes).fetch(&source(bytes, &hash), false);
    (folder, fetched)
}

fn cache(folder: &Path, bytes: &[u8]) -> Cache {
    Cache::new(folder).download_with(Served(bytes.to_vec()))
}

#[test]
fn a_kept_folder_has_all_its_files_each_in_the_manifest() {
    let bytes = wheel(|_| {});
    let hash = sha256(&bytes);
    let source = source(&bytes, &hash);
    let (folder, fetched) = fetch(&bytes);
    let kept = fetched.unwrap();
    assert_eq!(fs::read_to_string(kept.join("model/a.json")).unwrap(), "[1]");
    assert_eq!(fs::read_to_string(kept.join("model/deep/b c.json")).unwrap(), "[2, 3]");
    assert_eq!(fs::read_to_string(kept.join("LICENSE")).unwrap(), "free");
    assert!(!kept.join("code.py").exists() && !kept.join("tiny").exists());
    let cache = cache(folder.path(), &bytes);
    cache.verify(&source).unwrap();

    fs::write(kept.join("model/deep/b c.json"), "[2, 4]").unwrap();
    assert!(matches!(cache.verify(&source), Err(Error::Damaged { damage: Damage::Content { .. }, .. })));
    fs::remove_file(kept.join("model/deep/b c.json")).unwrap();
    let error = cache.fetch(&source, true).unwrap_err();
    assert!(
        matches!(&error, Error::Damaged { damage: Damage::Missing { file }, .. } if file == "model/deep/b c.json")
    );
    cache.fetch(&source, false).unwrap();
    cache.verify(&source).unwrap();
}

#[test]
fn a_folder_without_files_is_missing() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_directory("tiny/model/", SimpleFileOptions::default()).unwrap();
    append(&mut writer, "tiny-1.0.dist-info/LICENSE", b"free");
    let (_folder, fetched) = fetch(&writer.finish().unwrap().into_inner());
    assert!(matches!(fetched, Err(Error::ArchiveContent { file, .. }) if file == "tiny/model/*"));
}

#[test]
fn a_path_that_leads_outside_refuses_the_whole_wheel() {
    for path in ["../outside", "/tmp/outside", "tiny/model/../../../outside", "other/../../x"] {
        let (folder, fetched) = fetch(&wheel(|writer| append(writer, path, b"x")));
        let error = fetched.unwrap_err();
        assert!(matches!(&error, Error::ArchiveTraversal { entry, .. } if entry == path), "{path}: {error}");
        assert!(!folder.path().join("pip/tiny/1.0").exists());
    }
    // Below a kept folder the archive chooses the names: one that a manifest cannot hold is none.
    for path in ["tiny/model/a\nb", "tiny/model/a\\b"] {
        let (_folder, fetched) = fetch(&wheel(|writer| append(writer, path, b"x")));
        assert!(matches!(fetched, Err(Error::ArchiveTraversal { .. })), "{path:?}");
    }
}

#[test]
fn links_and_names_twice_are_refused() {
    let link = wheel(|writer| {
        writer.add_symlink("tiny/model/link", "/etc/hostname", SimpleFileOptions::default()).unwrap();
    });
    let (_folder, fetched) = fetch(&link);
    assert!(matches!(fetched, Err(Error::ArchiveContent { file, .. }) if file == "tiny/model/link"));

    let mut twice = wheel(|writer| append(writer, "tiny/model/z.json", b"[9]"));
    while let Some(at) = twice.windows(17).position(|part| part == b"tiny/model/z.json") {
        twice[at..at + 17].copy_from_slice(b"tiny/model/a.json");
    }
    let (_folder, fetched) = fetch(&twice);
    assert!(matches!(fetched, Err(Error::ArchiveUnreadable { .. })), "{fetched:?}");
}

#[test]
fn a_wheel_that_grows_a_hundredfold_is_refused() {
    let zeros = vec![0; 4 << 20];
    let (folder, fetched) = fetch(&wheel(|writer| append(writer, "tiny/model/zeros", &zeros)));
    assert!(matches!(fetched, Err(Error::ArchiveGrowth { .. })), "{fetched:?}");
    assert!(!folder.path().join("pip/tiny/1.0").exists());
    // What is not kept may be of any size.
    let (_folder, fetched) = fetch(&wheel(|writer| append(writer, "tiny/zeros", &zeros)));
    fetched.unwrap();
}

#[test]
fn a_wheel_that_ends_early_or_has_a_changed_byte_is_an_error() {
    let bytes = wheel(|_| {});
    for length in (0..bytes.len()).step_by(3) {
        let (_folder, fetched) = fetch(&bytes[..length]);
        assert!(
            matches!(fetched, Err(Error::ArchiveUnreadable { .. } | Error::ArchiveContent { .. })),
            "{length}"
        );
    }
    for position in (0..bytes.len()).step_by(3) {
        let mut changed = bytes.clone();
        changed[position] ^= 0x55;
        // Whatever it leads to, it is no panic, and no file has another content than its checksum says.
        if let (_folder, Ok(kept)) = fetch(&changed) {
            for (name, content) in [("model/a.json", "[1]"), ("LICENSE", "free")] {
                if let Ok(found) = fs::read_to_string(kept.join(name)) {
                    assert_eq!(found, content, "byte {position}");
                }
            }
        }
    }
}

#[test]
fn stored_files_are_read_and_unknown_compression_is_refused() {
    let stored = wheel(|writer| {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        writer.start_file("tiny/model/stored", options).unwrap();
        writer.write_all(b"as it is").unwrap();
    });
    let (_folder, fetched) = fetch(&stored);
    assert_eq!(fs::read_to_string(fetched.unwrap().join("model/stored")).unwrap(), "as it is");

    // The method of the last entry, in its own header and in the list at the end: 12 is bzip2.
    let mut unknown = stored.clone();
    let (local, central) = (b"PK\x03\x04".as_slice(), b"PK\x01\x02".as_slice());
    for (mark, offset) in [(local, 8), (central, 10)] {
        let at = (0..unknown.len() - 4).rev().find(|&at| &unknown[at..at + 4] == mark).unwrap();
        unknown[at + offset] = 12;
    }
    let (_folder, fetched) = fetch(&unknown);
    let error = fetched.unwrap_err();
    assert!(matches!(error, Error::ArchiveUnreadable { .. }), "{error}");
}
