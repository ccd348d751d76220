//! [`Bundle`]: the content of one folder of the cache.

use std::{fs, path::Path};

use sha2::{Digest as _, Sha256};

use crate::{
    ArchiveEntry, Error, Source,
    manifest::{Entry, hexadecimal},
};

/// A folder of the cache: files of one package or of several, and short texts beside them.
#[derive(Debug, Clone)]
pub(crate) struct Bundle<'a> {
    /// Its name in messages.
    pub(crate) name: String,
    /// Its path below the cache's folder, with `/` between parts.
    pub(crate) folder: String,
    pub(crate) sources: &'a [Source<'a>],
    pub(crate) texts: &'a [Text<'a>],
}

/// A file that no package brings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    pub(crate) name: &'a str,
    pub(crate) content: &'a str,
}

impl<'a> Bundle<'a> {
    /// One package in the folder that belongs to it.
    pub(crate) fn of(source: &'a Source<'a>) -> Self {
        let Source { client, package, version, .. } = source;
        Self {
            name: package_name(source),
            folder: format!("{}/{package}/{version}", client.folder()),
            sources: std::slice::from_ref(source),
            texts: &[],
        }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.sources.iter().try_for_each(Source::check)
    }

    /// The commands that download the archives.
    pub(crate) fn command(&self) -> String {
        self.sources.iter().map(Source::command).collect::<Vec<_>>().join("; ")
    }

    /// The descriptions of all files from archives.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &ArchiveEntry<'a>> {
        self.sources.iter().flat_map(|source| source.files)
    }

    /// Writes the texts into the folder `into`, and returns their entries for the manifest.
    pub(crate) fn write_texts(&self, into: &Path) -> Result<Vec<Entry>, Error> {
        let write = |text: &Text<'_>| {
            let path = into.join(text.name);
            fs::write(&path, text.content).map_err(|error| Error::unwritten(&path, error))?;
            Ok(text.entry())
        };
        self.texts.iter().map(write).collect()
    }
}

impl Text<'_> {
    pub(crate) fn entry(&self) -> Entry {
        Entry {
            name: self.name.to_owned(),
            bytes: self.content.len() as u64,
            sha256: hexadecimal(Sha256::new_with_prefix(self.content)),
        }
    }
}

/// A package's name in messages.
pub(crate) fn package_name(source: &Source<'_>) -> String {
    format!("{} {} {}", source.client, source.package, source.version)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Cursor, Write as _},
        sync::atomic::{AtomicUsize, Ordering},
    };

    use super::*;
    use crate::{Cache, Client, Damage, Download, manifest::sha256_of};

    const ONE: [ArchiveEntry<'static>; 1] = [ArchiveEntry { archived: "one/lib.so", name: "lib/one.so" }];
    const TWO: [ArchiveEntry<'static>; 1] = [ArchiveEntry { archived: "two/include/*", name: "include/*" }];
    const NOTE: [Text<'static>; 1] = [Text { name: "lib/note", content: "of our own\n" }];

    /// A folder of wheels, as a client hands them out.
    struct Shelf {
        folder: tempfile::TempDir,
        left: AtomicUsize,
    }

    impl Shelf {
        /// A shelf that hands out `left` wheels before the disk is full.
        fn new(left: usize) -> Self {
            let folder = tempfile::tempdir().unwrap();
            for (package, files) in
                [("one", &["one/lib.so"][..]), ("two", &["two/include/a.h", "two/include/b/c.h"])]
            {
                let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
                for file in files {
                    writer.start_file(*file, zip::write::SimpleFileOptions::default()).unwrap();
                    writer.write_all(file.as_bytes()).unwrap();
                }
                fs::write(folder.path().join(name(package)), writer.finish().unwrap().into_inner()).unwrap();
            }
            Self { folder, left: AtomicUsize::new(left) }
        }

        fn source<'a>(
            &self,
            package: &'a str,
            archive: &'a str,
            files: &'a [ArchiveEntry<'a>],
        ) -> Source<'a> {
            let path = self.folder.path().join(archive);
            Source {
                client: Client::Pip,
                package,
                version: "1.0",
                archive,
                archive_bytes: fs::metadata(&path).unwrap().len(),
                archive_sha256: sha256_of(&path).unwrap().leak(),
                files,
            }
        }
    }

    fn name(package: &str) -> String {
        format!("{package}-1.0-py3-none-any.whl")
    }

    impl Download for Shelf {
        fn download(&self, source: &Source<'_>, into: &Path) -> Result<(), Error> {
            let to = into.join(source.archive);
            let is_left =
                self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            is_left.map_err(|_| Error::unwritten(&to, std::io::ErrorKind::StorageFull.into()))?;
            fs::copy(self.folder.path().join(source.archive), to).unwrap();
            Ok(())
        }
    }

    #[test]
    fn packages_and_texts_form_one_folder_and_a_damaged_one_is_replaced() {
        let (shelf, folder) = (Shelf::new(4), tempfile::tempdir().unwrap());
        let (one, two) = (name("one"), name("two"));
        let sources = [shelf.source("one", &one, &ONE), shelf.source("two", &two, &TWO)];
        let bundle =
            Bundle { name: "both".to_owned(), folder: "both".to_owned(), sources: &sources, texts: &NOTE };
        let cache = Cache::new(folder.path()).download_with(shelf);
        let error = cache.obtain(&bundle, true).unwrap_err().to_string();
        assert!(error.contains("one==1.0") && error.contains("two==1.0"), "{error}");

        let made = cache.obtain(&bundle, false).unwrap();
        assert_eq!(made, folder.path().join("both"));
        for (file, content) in [
            ("lib/one.so", "one/lib.so"),
            ("include/b/c.h", "two/include/b/c.h"),
            ("lib/note", "of our own\n"),
        ] {
            assert_eq!(fs::read_to_string(made.join(file)).unwrap(), content);
        }
        assert_eq!(cache.obtain(&bundle, true).unwrap(), made);
        cache.compare(&bundle).unwrap();

        fs::write(made.join("lib/note"), "shorter").unwrap();
        let damaged = cache.obtain(&bundle, true).unwrap_err();
        assert!(matches!(damaged, Error::Damaged { damage: Damage::Size { .. }, .. }), "{damaged}");
        cache.obtain(&bundle, false).unwrap();
        cache.compare(&bundle).unwrap();
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["both", "both.lock"]);
    }

    #[test]
    fn a_disk_that_fills_up_halfway_leaves_nothing_and_the_next_run_starts_anew() {
        let (shelf, folder) = (Shelf::new(1), tempfile::tempdir().unwrap());
        let (one, two) = (name("one"), name("two"));
        let sources = [shelf.source("one", &one, &ONE), shelf.source("two", &two, &TWO)];
        let bundle =
            Bundle { name: "both".to_owned(), folder: "both".to_owned(), sources: &sources, texts: &NOTE };
        let full = Cache::new(folder.path()).download_with(shelf).obtain(&bundle, false).unwrap_err();
        assert!(matches!(full, Error::DiskFull { .. }), "{full}");
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["both.lock"]);
        let again = Cache::new(folder.path()).download_with(Shelf::new(2));
        assert!(again.obtain(&bundle, false).unwrap().join("include/a.h").is_file());
    }
}
