//! Shared by all readers and writers: errors with a position, and atomic writes.

use crate::SynonymsError;
use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

/// The path in errors of readers that are not files.
const UNNAMED: &str = "the input";

/// An error of malformed content.
pub(crate) fn malformed(
    position: impl Into<String>,
    found: impl AsRef<str>,
    expected: &'static str,
) -> SynonymsError {
    SynonymsError::Format {
        path: PathBuf::from(UNNAMED),
        position: position.into(),
        found: excerpt(found.as_ref()),
        expected,
    }
}

/// The error of a reader that failed.
pub(crate) fn unreadable(source: io::Error) -> SynonymsError {
    SynonymsError::Io { operation: "read", path: PathBuf::from(UNNAMED), source }
}

/// The beginning of a text from a file, short enough for a message.
fn excerpt(text: &str) -> String {
    const LONGEST: usize = 80;
    let start: String = text.chars().take(LONGEST).collect();
    if start.len() < text.len() { start + "…" } else { start }
}

/// Adds the path of the file to an error.
pub(crate) fn in_file(path: &Path) -> impl FnOnce(SynonymsError) -> SynonymsError {
    move |error| match error {
        SynonymsError::Format { position, found, expected, .. } => {
            SynonymsError::Format { path: path.to_owned(), position, found, expected }
        }
        SynonymsError::Io { operation, source, .. } => {
            SynonymsError::Io { operation, path: path.to_owned(), source }
        }
        other => other,
    }
}

pub(crate) fn open(path: &Path) -> Result<BufReader<File>, SynonymsError> {
    let file = File::open(path).map_err(|source| SynonymsError::Io {
        operation: "read",
        path: path.to_owned(),
        source,
    })?;
    Ok(BufReader::with_capacity(1 << 20, file))
}

/// Writes a file atomically: a reader sees the old content or the new content, never a part.
pub(crate) fn write_atomically(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), SynonymsError> {
    let failed = |source| SynonymsError::Io { operation: "write", path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".writing-");
    #[cfg(unix)]
    {
        // Temporary files are private by default; this file is as readable as any new file.
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).map_err(failed)?;
    let mut writer = BufWriter::with_capacity(1 << 20, file.as_file_mut());
    content(&mut writer).and_then(|()| writer.flush()).map_err(failed)?;
    drop(writer);
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_atomic() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        write_atomically(&path, |writer| writer.write_all(b"old")).unwrap();
        write_atomically(&path, |writer| writer.write_all(b"new")).unwrap();
        let stopped = write_atomically(&path, |writer| {
            writer.write_all(b"half")?;
            Err(io::Error::other("stopped"))
        });
        assert!(matches!(stopped, Err(SynonymsError::Io { operation: "write", .. })));
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn long_excerpts_are_truncated() {
        let error = malformed("line 1", "x".repeat(1000), "less");
        assert!(error.to_string().len() < 200, "{error}");
    }
}
