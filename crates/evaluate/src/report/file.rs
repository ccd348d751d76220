//! Files that are whole or not there, and the folder they go into.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::Error;

/// Writes `bytes` to `path` such that a reader sees the old file or the new one, never a part.
///
/// The bytes go into a temporary file in the same folder, to the disk, and into place by a rename.
///
/// # Errors
///
/// [`Error::Io`] when the folder does not exist or the file cannot be written; the old file is then as before.
pub fn write_atomically(path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), Error> {
    let path = path.as_ref();
    let failed = |source| Error::io("write", path)(source);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.file_name().is_none() {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file")));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".writing-");
    #[cfg(unix)]
    {
        // Temporary files are private by default; a result is as readable as any new file.
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// The folder for an experiment's results.
#[derive(Debug, Clone)]
pub struct OutputFolder {
    path: PathBuf,
}

impl OutputFolder {
    /// Creates the folder if it is not there and tries to write in it, so that a long run fails at its start.
    ///
    /// # Errors
    ///
    /// [`Error::OutputFolder`] with the system's reason.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        let tried = fs::create_dir_all(&path)
            .and_then(|()| tempfile::Builder::new().prefix(".writing-").tempfile_in(&path))
            .and_then(tempfile::NamedTempFile::close);
        match tried {
            Ok(()) => Ok(Self { path }),
            Err(source) => Err(Error::OutputFolder { path, source }),
        }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of `name` in the folder.
    #[must_use]
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// Writes `bytes` to `name` in the folder, whole or not at all, and returns the path.
    ///
    /// # Errors
    ///
    /// Those of [`write_atomically`].
    pub fn write(&self, name: impl AsRef<Path>, bytes: &[u8]) -> Result<PathBuf, Error> {
        let path = self.join(name);
        write_atomically(&path, bytes)?;
        Ok(path)
    }

    /// Writes `value` as indented JSON to `name` in the folder, whole or not at all, and returns the path.
    ///
    /// # Errors
    ///
    /// [`Error::Json`] for a value that JSON cannot hold, and those of [`write_atomically`].
    pub fn write_json(&self, name: impl AsRef<Path>, value: &impl Serialize) -> Result<PathBuf, Error> {
        let path = self.join(name);
        let mut bytes =
            serde_json::to_vec_pretty(value).map_err(|source| Error::Json { path: path.clone(), source })?;
        bytes.push(b'\n');
        write_atomically(&path, &bytes)?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let output = OutputFolder::open(folder.path().join("a/b")).unwrap();
        let path = output.write("x.txt", b"old").unwrap();
        write_atomically(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let json = output.write_json("x.json", &[1, 2]).unwrap();
        assert_eq!(fs::read_to_string(json).unwrap(), "[\n  1,\n  2\n]\n");
        assert_eq!(fs::read_dir(output.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_failed_write_keeps_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("taken");
        fs::create_dir(&blocked).unwrap();
        fs::write(blocked.join("inside"), "x").unwrap();
        assert!(matches!(write_atomically(&blocked, b"new"), Err(Error::Io { .. })));
        assert!(blocked.join("inside").is_file());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write_atomically(folder.path().join("no/such/file"), b"x").is_err());
        assert!(write_atomically("", b"x").is_err() && write_atomically("/", b"x").is_err());
        let unserialisable = std::collections::HashMap::from([((1, 2), 3)]);
        let output = OutputFolder::open(folder.path()).unwrap();
        assert!(matches!(output.write_json("x.json", &unserialisable), Err(Error::Json { .. })));
    }

    #[test]
    fn an_output_folder_that_cannot_be_made_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "x").unwrap();
        for path in [file.clone(), file.join("below")] {
            let error = OutputFolder::open(&path).unwrap_err();
            assert!(
                matches!(error, Error::OutputFolder { .. }) && error.to_string().contains("file"),
                "{error}"
            );
        }
    }
}
