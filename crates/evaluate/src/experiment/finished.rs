//! Runs that are finished already: reported again, never overwritten.

use crate::{Error, report::file::OutputFolder};
use serde::{Serialize, de::DeserializeOwned};
use std::{io, path::PathBuf};

/// The results that an earlier run left in the file `name` of the folder; `None` if there are none.
///
/// # Errors
/// [`Error::OutputTaken`] if there are some and the run is not to be resumed, [`Error::SavedRun`] for a file of another form,
/// [`Error::Io`] for one that cannot be read.
pub(super) fn finished<R: DeserializeOwned>(
    output: &OutputFolder,
    name: &str,
    resume: bool,
) -> Result<Option<R>, Error> {
    let path = output.join(name);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("read", path)(error)),
    };
    if !resume {
        return Err(Error::OutputTaken { path: output.path().to_owned() });
    }
    serde_json::from_str(&text).map(Some).map_err(|source| Error::SavedRun { path, source })
}

/// The error of a file whose run had other settings: the settings in which they differ, as JSON.
pub(super) fn other_settings<S: Serialize>(path: PathBuf, found: &S, expected: &S) -> Error {
    let fields = |settings: &S| match serde_json::to_value(settings) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (found, expected) = (fields(found), fields(expected));
    let describe = |own: &serde_json::Map<String, serde_json::Value>,
                    other: &serde_json::Map<String, serde_json::Value>| {
        let differing = own.iter().filter(|(name, value)| other.get(*name) != Some(value));
        differing.map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ")
    };
    Error::OtherRun {
        path,
        what: "settings",
        found: describe(&found, &expected),
        expected: describe(&expected, &found),
    }
}

/// The file that says which run is in a folder.
#[cfg(feature = "torch")]
const BEGUN: &str = "run.json";

/// What a run leaves in its folder beside that.
#[cfg(feature = "torch")]
const LEFT: [&str; 3] = ["results.json", "rows", "models"];

/// Says in the output folder which run is in it, or makes sure that it is this one.
///
/// # Errors
/// Those of [`finished`] and [`check_same`]; [`Error::NamelessRun`] for a run that does not say which it is.
#[cfg(feature = "torch")]
pub(super) fn begin<S: PartialEq + Serialize + DeserializeOwned>(
    settings: &S,
    inputs: &String,
    output: &OutputFolder,
    resume: bool,
) -> Result<(), Error> {
    match finished::<(S, String)>(output, BEGUN, resume)? {
        Some((found, data)) => check_same(output.join(BEGUN), (&found, &data), (settings, inputs)),
        None => match LEFT.into_iter().map(|name| output.join(name)).find(|path| path.exists()) {
            None => output.write_json(BEGUN, &(settings, inputs)).map(drop),
            Some(path) => Err(Error::NamelessRun { path, begun: output.join(BEGUN) }),
        },
    }
}

/// What the file `name` holds, or else what `make` makes, which is put there: for folders of which [`begin`] knows that they are this
/// run's.
///
/// # Errors
/// Those of [`finished`], of `make` and of [`OutputFolder::write_json`].
#[cfg(feature = "torch")]
pub(super) fn kept<R: Serialize + DeserializeOwned>(
    output: &OutputFolder,
    name: &str,
    make: impl FnOnce() -> Result<R, Error>,
) -> Result<R, Error> {
    if let Some(kept) = finished(output, name, true)? {
        return Ok(kept);
    }
    let made = make()?;
    output.write_json(name, &made)?;
    Ok(made)
}

/// Refuses a finished run of other settings or other data.
///
/// # Errors
/// [`Error::OtherRun`], which names the difference.
pub(super) fn check_same<S: PartialEq + Serialize>(
    path: PathBuf,
    found: (&S, &String),
    expected: (&S, &String),
) -> Result<(), Error> {
    if found.0 != expected.0 {
        return Err(other_settings(path, found.0, expected.0));
    }
    if found.1 != expected.1 {
        return Err(Error::OtherRun {
            path,
            what: "data",
            found: found.1.clone(),
            expected: expected.1.clone(),
        });
    }
    Ok(())
}
