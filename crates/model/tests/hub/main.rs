//! Models by their id, from a server on this machine that answers as the hub does.
#![cfg(feature = "hub")]

mod server;

use serde_json::json;
use server::{COMMIT, Served, Server};
use std::{
    error::Error as _,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use steadfast_model::transformer::{
    Error, Hub, MaskedLanguageModel, Precision, SequenceClassifier, Subwords,
};
use steadfast_perturb::Lexicon;
use tch::Device;

/// A folder that holds a cache and nothing else.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn cache(&self) -> PathBuf {
        self.0.path().join("hub")
    }

    fn hub(&self, server: &Server) -> Hub {
        Hub::new().endpoint(server.url() + "/").cache(self.cache())
    }

    /// Nothing was written outside the cache.
    fn assert_clean(&self) {
        for entry in self.0.path().read_dir().unwrap() {
            assert_eq!(entry.unwrap().path(), self.cache());
        }
    }
}

/// What a person is shown: the message and its causes.
fn message(error: &Error) -> String {
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    format!("{error} because {cause}")
}

fn refused(result: Result<PathBuf, Error>, words: &[&str]) {
    let message = message(&result.unwrap_err());
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_model_in_one_file_is_fetched_once_and_loads() {
    let place = Place::new();
    let server = Server::start([Served::golden("tiny/bert", "tiny-bert")]);
    let seen = Arc::<Mutex<Vec<String>>>::default();
    let log = Arc::clone(&seen);
    let hub = place.hub(&server).observe(move |file, bytes| {
        assert!(bytes > 0);
        log.lock().unwrap().push(file.to_owned());
    });
    let folder = hub.fetch("tiny/bert").unwrap();
    // golden.json is on the hub too, but is no part of the model.
    let files = ["config.json", "model.safetensors", "tokenizer.json"];
    assert_eq!(names(&folder), files);
    assert!(folder.starts_with(place.cache().join("models--tiny--bert")));
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tiny-bert");
    for file in files {
        assert_eq!(fs::read(folder.join(file)).unwrap(), fs::read(golden.join(file)).unwrap());
    }
    seen.lock().unwrap().sort();
    assert_eq!(*seen.lock().unwrap(), files);

    let asked = server.requests().len();
    assert_eq!(hub.fetch("tiny/bert").unwrap(), folder);
    assert_eq!(server.requests().len(), asked, "a whole model in the cache asks no server");
    drop(server);
    let offline = hub.offline(true).fetch("tiny/bert").unwrap();
    assert_eq!(offline, folder);
    let model = SequenceClassifier::load(&offline, Device::Cpu, Precision::Single).unwrap();
    Subwords::load(&offline, model.config(), Arc::new(Lexicon::new())).unwrap();
    place.assert_clean();
}

#[test]
fn a_model_in_parts_is_fetched_whole() {
    let place = Place::new();
    let server = Server::start([Served::golden("tiny/gaps", "tiny-bert-gaps")]);
    let hub = place.hub(&server);
    let folder = hub.fetch("tiny/gaps").unwrap();
    assert_eq!(names(&folder).len(), 5);
    drop(server);
    let hub = hub.offline(true);
    MaskedLanguageModel::load(&hub.fetch("tiny/gaps").unwrap(), Device::Cpu, Precision::Single).unwrap();
    let part = "model-00002-of-00002.safetensors";
    fs::remove_file(folder.join(part)).unwrap();
    refused(hub.fetch("tiny/gaps"), &[part, "not in the cache"]);
    place.assert_clean();
}

#[test]
fn an_id_may_name_a_revision() {
    let place = Place::new();
    let mut served = Served::golden("bert", "tiny-bert");
    served.revision = "refs/pr/1";
    let server = Server::start([served]);
    let hub = place.hub(&server);
    refused(hub.fetch("bert"), &["bert", "404"]);
    let folder = hub.fetch("bert@refs/pr/1").unwrap();
    drop(server);
    let hub = hub.offline(true);
    assert_eq!(hub.fetch("bert@refs/pr/1").unwrap(), folder);
    refused(hub.fetch("bert"), &["config.json is not in the cache"]);
    // A cache that other tools filled has no reference for a commit.
    fs::remove_dir_all(place.cache().join("models--bert/refs")).unwrap();
    assert_eq!(hub.fetch(&format!("bert@{COMMIT}")).unwrap(), folder);
}

#[test]
fn offline_asks_nobody() {
    let place = Place::new();
    let server = Server::start([Served::golden("tiny/bert", "tiny-bert")]);
    let hub = place.hub(&server);
    let offline = hub.clone().offline(true);
    refused(offline.fetch("tiny/bert"), &["config.json is not in the cache", "offline", "while online"]);
    assert!(server.requests().is_empty() && !place.cache().exists());
    // A model of which a file is gone is completed, online.
    let folder = hub.fetch("tiny/bert").unwrap();
    fs::remove_file(folder.join("tokenizer.json")).unwrap();
    let asked = server.requests().len();
    refused(offline.fetch("tiny/bert"), &["tokenizer.json is not in the cache"]);
    assert_eq!(server.requests().len(), asked);
    assert_eq!(hub.fetch("tiny/bert").unwrap(), folder);
    assert_eq!(names(&folder).len(), 3);
}

#[test]
fn what_the_hub_does_not_have_is_said() {
    let place = Place::new();
    let file = |name| (name, b"{}".to_vec());
    let index = json!({ "weight_map": { "weight": "model-1.safetensors" } }).to_string().into_bytes();
    let server = Server::start([
        Served::new("old/model", [file("config.json"), file("tokenizer.json"), file("pytorch_model.bin")]),
        Served::new("slow/model", [file("config.json"), file("vocab.txt"), file("model.safetensors")]),
        Served::new(
            "half/model",
            [file("config.json"), file("tokenizer.json"), ("model.safetensors.index.json", index)],
        ),
    ]);
    let hub = place.hub(&server);
    refused(hub.fetch("no/model"), &["no/model", "check the id", "404"]);
    refused(hub.fetch("old/model"), &["no model.safetensors", "pytorch_model.bin", "save_pretrained"]);
    refused(hub.fetch("slow/model"), &["it has no tokenizer.json"]);
    refused(hub.fetch("half/model"), &["it has no model-1.safetensors"]);
    // None of them counts as fetched.
    for id in ["no/model", "old/model", "slow/model", "half/model"] {
        refused(hub.clone().offline(true).fetch(id), &["is not in the cache"]);
    }
    let url = server.url();
    drop(server);
    refused(Hub::new().endpoint(url).cache(place.cache()).fetch("no/model"), &["check the id", "network"]);
    place.assert_clean();
}

#[test]
fn a_hub_that_names_places_outside_the_cache_is_refused() {
    let outside = |tag| Served { tag, ..Served::golden("tiny/bert", "tiny-bert") };
    let commit = |commit| Served { commit, ..Served::golden("tiny/bert", "tiny-bert") };
    for served in [
        outside("../../../"),
        outside("/tmp/steadfast-outside/"),
        commit("../../../outside"),
        commit("/tmp/steadfast-outside"),
        commit(""),
    ] {
        let place = Place::new();
        let server = Server::start([served]);
        refused(place.hub(&server).fetch("tiny/bert"), &["expected a hash"]);
        place.assert_clean();
        assert!(!place.cache().exists());
    }
    let mut served = Served::golden("tiny/gaps", "tiny-bert-gaps");
    let index = json!({ "weight_map": { "weight": "../outside.safetensors" } }).to_string().into_bytes();
    served.files.insert("model.safetensors.index.json".to_owned(), index.clone());
    served.files.insert("../outside.safetensors".to_owned(), index);
    let (place, server) = (Place::new(), Server::start([served]));
    refused(place.hub(&server).fetch("tiny/gaps"), &["../outside.safetensors", "expected a file beside it"]);
    place.assert_clean();
}

#[test]
fn a_file_that_was_cut_short_is_not_kept() {
    let place = Place::new();
    let server = Server::start([Served { surplus: 1, ..Served::golden("tiny/bert", "tiny-bert") }]);
    refused(place.hub(&server).fetch("tiny/bert"), &["config.json arrived with 835 bytes, expected 836"]);
    drop(server);
    let server = Server::start([Served::golden("tiny/bert", "tiny-bert")]);
    let folder = place.hub(&server).fetch("tiny/bert").unwrap();
    assert_eq!(fs::read(folder.join("config.json")).unwrap().len(), 835);
}

#[test]
fn what_is_no_id_is_refused() {
    let place = Place::new();
    let server = Server::start([]);
    let hub = place.hub(&server);
    for id in [
        "",
        "/",
        "owner/",
        "/name",
        "a/b/c",
        "..",
        "../name",
        "owner/..",
        "./name",
        "a..b",
        "owner--name/x",
        "name@",
        "@main",
        "name@../main",
        "name@a//b",
        "name@/main",
        "na me",
        "name?x",
        "name#x",
        "näme",
        "a\\b",
        "C:name",
        "name@a@b",
        "name%2e",
        "/etc/model",
        "-name",
        "name.",
    ] {
        let error = hub.fetch(id).unwrap_err();
        assert!(matches!(&error, Error::HubId { given, .. } if given == id), "{id}: {error}");
        assert!(error.to_string().contains("owner/name"), "{error}");
    }
    assert!(server.requests().is_empty() && !place.cache().exists());
}
