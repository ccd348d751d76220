//! A server on this machine that answers as the hub does.

use serde_json::json;
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
};

/// The commit of every model, unless it says otherwise.
pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A model as the hub serves it.
pub(crate) struct Served {
    pub(crate) id: &'static str,
    /// The name under which the commit is found, besides its hash.
    pub(crate) revision: &'static str,
    pub(crate) commit: &'static str,
    /// What comes before the name in the tags of files.
    pub(crate) tag: &'static str,
    /// How many bytes more than there are the files are said to have.
    pub(crate) surplus: usize,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

impl Served {
    pub(crate) fn new(id: &'static str, files: impl IntoIterator<Item = (&'static str, Vec<u8>)>) -> Self {
        let files = files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect();
        Self { id, revision: "main", commit: COMMIT, tag: "tag-", surplus: 0, files }
    }

    /// The files beside `golden/make.py`.
    pub(crate) fn golden(id: &'static str, folder: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder);
        let mut served = Self::new(id, []);
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            served.files.insert(name, std::fs::read(path).unwrap());
        }
        served
    }

    /// The rest of a path that starts with this and then a revision of this model.
    fn strip<'p>(&self, path: &'p str, before: &str) -> Option<&'p str> {
        let rest = path.strip_prefix(before)?;
        rest.strip_prefix(&self.revision.replace('/', "%2F")).or_else(|| rest.strip_prefix(self.commit))
    }
}

/// A running server. It ends when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(models: impl IntoIterator<Item = Served>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let models: Vec<Served> = models.into_iter().collect();
        let log = Arc::clone(&requests);
        let thread = thread::spawn(move || {
            // A connection without a request ends it.
            while let Some(request) = Request::read(listener.accept().unwrap().0) {
                log.lock().unwrap().push(request.path.clone());
                request.answer(&models, address);
            }
        });
        Self { address, requests, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The paths that were asked for.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(TcpStream::connect(self.address).unwrap());
        let ended = self.thread.take().unwrap().join();
        assert!(ended.is_ok() || thread::panicking(), "the server panicked");
    }
}

struct Request {
    stream: TcpStream,
    path: String,
    /// First and last byte, where a part of the file is asked for.
    range: Option<(usize, Option<usize>)>,
}

impl Request {
    fn read(stream: TcpStream) -> Option<Self> {
        let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
        let path = lines.next()?.split(' ').nth(1)?.to_owned();
        let mut range = None;
        for line in lines.take_while(|line| !line.is_empty()) {
            if let Some(asked) = line.to_lowercase().strip_prefix("range: bytes=") {
                let (first, last) = asked.split_once('-').unwrap();
                range = Some((first.parse().unwrap(), last.parse().ok()));
            }
        }
        Some(Self { stream, path, range })
    }

    fn answer(self, models: &[Served], address: SocketAddr) {
        for model in models {
            let list = format!("/api/models/{}/revision/", model.id);
            if model.strip(&self.path, &list) == Some("") {
                let names: Vec<_> = model.files.keys().map(|name| json!({ "rfilename": name })).collect();
                let list = json!({ "sha": model.commit, "siblings": names }).to_string();
                return self.send("200 OK", "", list.as_bytes());
            }
            let resolved = model.strip(&self.path, &format!("/{}/resolve/", model.id));
            let stored = self.path.strip_prefix(&format!("/storage/{}", model.id));
            let Some((name, bytes)) =
                resolved.or(stored).and_then(|rest| model.files.get_key_value(rest.strip_prefix('/')?))
            else {
                continue;
            };
            let tag = format!("{}{name}", model.tag);
            if stored.is_none() && name.ends_with(".safetensors") {
                // Large files lie elsewhere.
                let headers = format!(
                    "x-repo-commit: {}\r\nx-linked-etag: \"{tag}\"\r\nlocation: http://{address}/storage/{}/{name}\r\n",
                    model.commit, model.id
                );
                return self.send("302 Found", &headers, b"");
            }
            let (first, last) = self.range.unwrap_or_default();
            let end = last.map_or(bytes.len(), |last| bytes.len().min(last + 1));
            let headers = format!(
                "x-repo-commit: {}\r\netag: \"{tag}\"\r\ncontent-range: bytes {first}-{}/{}\r\n",
                model.commit,
                end.saturating_sub(1),
                bytes.len() + model.surplus
            );
            return self.send("206 Partial Content", &headers, &bytes[first..end]);
        }
        self.send("404 Not Found", "", b"Repository not found");
    }

    fn send(mut self, status: &str, headers: &str, body: &[u8]) {
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
        // A client that has what it wanted may be gone already.
        let _ = self.stream.write_all(head.as_bytes()).and_then(|()| self.stream.write_all(body));
    }
}
