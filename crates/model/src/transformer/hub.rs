//! [`Hub`]: models by their id on the Hugging Face hub.

use super::{Error, config, subwords, weights};
use hf_hub::{
    Cache, CacheRepo, Repo, RepoType,
    api::sync::{Api, ApiBuilder, ApiError, ApiRepo},
};
use std::{
    fmt, fs,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

/// The revision of an id that names none.
const DEFAULT_REVISION: &str = "main";

const CHECK: &str = "check the id, its revision and the network (a private model needs the token that `hf auth login` saves), \
                     or name a folder";

type Observer = dyn Fn(&str, u64) + Send + Sync;

/// Models by their id on the Hugging Face hub, in the cache that the hub's own tools share.
///
/// A model is fetched once: where the cache holds all files of a revision, no server is asked, even if the branch of that
/// name has moved on. Name another revision to get another one.
///
/// The cache is `$HF_HOME/hub`, else `~/.cache/huggingface/hub`; nothing is written anywhere else. The hub is
/// `$HF_ENDPOINT`, else huggingface.co, over https and through the proxy that `HTTPS_PROXY` names. It is sent the token in
/// the file `token` beside the cache's folder, where there is one.
///
/// ```no_run
/// use steadfast_model::transformer::{Hub, Precision, SequenceClassifier};
///
/// let hub = Hub::new().observe(|file, bytes| eprintln!("fetching {file} ({bytes} bytes)"));
/// let folder = hub.fetch("roberta-base")?;
/// let model = SequenceClassifier::with_new_head(&folder, 2, 1, tch::Device::Cpu)?;
/// # Ok::<(), steadfast_model::transformer::Error>(())
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Hub {
    endpoint: Option<String>,
    cache: Option<PathBuf>,
    offline: bool,
    observer: Option<Arc<Observer>>,
}

impl Hub {
    /// The hub and the cache of the environment.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another server of the hub's protocol, such as a mirror: `https://host`, perhaps with a path.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into().trim_end_matches('/').to_owned());
        self
    }

    /// Another folder for the cache, created if it is missing.
    pub fn cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = Some(folder.into());
        self
    }

    /// Whether to use models in the cache only and ask no server.
    pub fn offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// Calls `observer` with the name and the size in bytes of each file before it is downloaded.
    pub fn observe(mut self, observer: impl Fn(&str, u64) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// The folder with `config.json`, `tokenizer.json` and the weights of the model `id`: `model.safetensors`, or
    /// `model.safetensors.index.json` and every part that it names. All are of one commit.
    ///
    /// An id is `owner/name` or, for some old models, `name`; `…@revision` names a branch, a tag or a commit, else it is
    /// `main`.
    ///
    /// # Errors
    /// [`Error::HubId`] if `id` is no such id; [`Error::Hub`] if the model is not there, a file of it is missing or cannot
    /// be fetched, or, offline, is not in the cache; [`Error::File`] if the index of the parts is damaged; [`Error::Io`] if
    /// the cache cannot be written.
    pub fn fetch(&self, id: &str) -> Result<PathBuf, Error> {
        let model = Model::parse(id)?;
        let cache = self.open_cache(&model)?;
        let repository = cache.repo(model.at(model.revision));
        let mut missing = config::FILE.to_owned();
        if let Some(folder) = snapshot(&repository, model.revision) {
            match first_missing(&folder)? {
                Some(file) => missing = file,
                None => return Ok(folder),
            }
        }
        if self.offline {
            return Err(model.error(
                format!(
                    "{missing} is not in the cache {}, and offline nothing is fetched",
                    cache.path().display()
                ),
                "fetch the model once while online, or name a folder",
            ));
        }
        self.download(&model, &repository)
    }

    fn open_cache(&self, model: &Model<'_>) -> Result<Cache, Error> {
        if let Some(folder) = &self.cache {
            return Ok(Cache::new(folder.clone()));
        }
        // The client panics if it finds neither.
        if std::env::var("HF_HOME").is_err()
            && std::env::home_dir().is_none_or(|home| home.as_os_str().is_empty())
        {
            let problem = "there is no home folder to keep it in".to_owned();
            return Err(model.error(problem, "set HF_HOME to the folder that is to hold the cache"));
        }
        Ok(Cache::from_env())
    }

    fn download(&self, model: &Model<'_>, repository: &CacheRepo) -> Result<PathBuf, Error> {
        let api = self.client(model)?;
        let listed = api
            .repo(model.at(model.revision))
            .info()
            .map_err(|source| model.unfetched("the list of its files", source))?;
        let commit = listed.sha;
        if commit.is_empty() || !commit.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(model.error(format!("the hub names the commit {commit:?}, expected a hash"), CHECK));
        }
        let files: Vec<&str> = listed.siblings.iter().map(|file| file.rfilename.as_str()).collect();
        // All files come from this commit, whatever happens to the branch meanwhile.
        let download = Download {
            hub: self,
            model,
            commit: &commit,
            repository,
            pinned: api.repo(model.at(&commit)),
            api,
            files: &files,
        };
        download.file(config::FILE)?;
        download.file(subwords::FILE)?;
        if files.contains(&weights::FILE) {
            download.file(weights::FILE)?;
        } else if files.contains(&weights::INDEX) {
            for part in weights::parts(&download.file(weights::INDEX)?)? {
                download.file(&part)?;
            }
        } else {
            return Err(model.error(
                format!("it has no {} and no {}, only {}", weights::FILE, weights::INDEX, files.join(", ")),
                "take a revision that has, or convert the model with transformers' save_pretrained and name that folder",
            ));
        }
        let folder = repository.pointer_path(&commit);
        repository.create_ref(&commit).map_err(Error::io("write", &folder))?;
        Ok(folder)
    }

    fn client(&self, model: &Model<'_>) -> Result<Api, Error> {
        let mut builder = match &self.cache {
            Some(folder) => ApiBuilder::from_cache(Cache::new(folder.clone())),
            None => ApiBuilder::from_env(),
        };
        if let Some(endpoint) = self.endpoint.clone().or_else(|| std::env::var("HF_ENDPOINT").ok()) {
            builder = builder.with_endpoint(endpoint);
        }
        builder
            .with_progress(false)
            .build()
            .map_err(|source| model.unfetched("the list of its files", source))
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("endpoint", &self.endpoint)
            .field("cache", &self.cache)
            .field("offline", &self.offline)
            .finish_non_exhaustive()
    }
}

/// A download of files of one commit into the cache.
struct Download<'a> {
    hub: &'a Hub,
    model: &'a Model<'a>,
    commit: &'a str,
    repository: &'a CacheRepo,
    pinned: ApiRepo,
    api: Api,
    files: &'a [&'a str],
}

impl Download<'_> {
    /// The path of the file in the cache; it is downloaded if it is missing.
    fn file(&self, file: &str) -> Result<PathBuf, Error> {
        let path = self.repository.pointer_path(self.commit).join(file);
        if path.is_file() {
            return Ok(path);
        }
        if !self.files.contains(&file) {
            return Err(self.model.error(
                format!("it has no {file}"),
                "name a model or a revision that has one, or a folder with all files",
            ));
        }
        let unfetched = |source| self.model.unfetched(file, source);
        let metadata = self.api.metadata(&self.pinned.url(file)).map_err(unfetched)?;
        // Both become parts of paths in the cache.
        let inside = Path::new(metadata.etag()).components().all(|part| matches!(part, Component::Normal(_)));
        if metadata.commit_hash() != self.commit || metadata.etag().is_empty() || !inside {
            let (tag, commit) = (metadata.etag(), metadata.commit_hash());
            let problem = format!(
                "the hub says that {file} is {tag:?} of the commit {commit:?}, expected a hash of the commit {}",
                self.commit
            );
            return Err(self.model.error(problem, "ask another hub, or name a folder"));
        }
        let size = metadata.size() as u64;
        if let Some(observer) = &self.hub.observer {
            observer(file, size);
        }
        self.pinned.download(file).map_err(unfetched)?;
        let length = fs::metadata(&path).map_err(Error::io("read", &path))?.len();
        if length != size {
            // It would be used as the file from now on. The first may be a link to the second.
            for damaged in [&path, &self.repository.blob_path(metadata.etag())] {
                let _ = fs::remove_file(damaged);
            }
            let problem = format!("{file} arrived with {length} bytes, expected {size}");
            return Err(self.model.error(problem, "try again"));
        }
        Ok(path)
    }
}

/// A model's id, parsed.
struct Model<'a> {
    id: &'a str,
    name: &'a str,
    revision: &'a str,
}

impl<'a> Model<'a> {
    /// What is accepted here can be a part of a URL and of a path inside the cache without escapes.
    fn parse(id: &'a str) -> Result<Self, Error> {
        let refuse = |problem: &str| Error::HubId { given: id.to_owned(), problem: problem.to_owned() };
        let (name, revision) = id.split_once('@').unwrap_or((id, DEFAULT_REVISION));
        if name.split('/').count() > 2 {
            return Err(refuse("it has more than one slash"));
        }
        if name.contains("--") {
            // The cache writes a slash that way.
            return Err(refuse("its name contains \"--\""));
        }
        for part in name.split('/').chain(revision.split('/')) {
            if part.is_empty() {
                return Err(refuse("a part of it is empty"));
            }
            if part.starts_with(['.', '-']) || part.ends_with(['.', '-']) || part.contains("..") {
                return Err(refuse("a part of it begins or ends with a dot or hyphen, or contains two dots"));
            }
            let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.+".contains(letter);
            if let Some(other) = part.chars().find(|&letter| !plain(letter)) {
                return Err(refuse(&format!("it contains {other:?}")));
            }
        }
        Ok(Self { id, name, revision })
    }

    fn at(&self, revision: &str) -> Repo {
        Repo::with_revision(self.name.to_owned(), RepoType::Model, revision.to_owned())
    }

    fn error(&self, problem: String, remedy: &'static str) -> Error {
        Error::Hub { id: self.id.to_owned(), problem, remedy, source: None }
    }

    fn unfetched(&self, what: &str, source: ApiError) -> Error {
        Error::Hub {
            id: self.id.to_owned(),
            problem: format!("{what} cannot be fetched"),
            remedy: CHECK,
            source: Some(source.into()),
        }
    }
}

/// The folder of the revision, if it is in the cache.
fn snapshot(repository: &CacheRepo, revision: &str) -> Option<PathBuf> {
    // Other tools write no reference for a commit that is named by its hash.
    let by_hash = || Some(repository.pointer_path(revision)).filter(|folder| folder.is_dir());
    repository.get(config::FILE).and_then(|file| Some(file.parent()?.to_owned())).or_else(by_hash)
}

/// The first missing file of a complete model.
fn first_missing(folder: &Path) -> Result<Option<String>, Error> {
    let lacks = |file: &str| !folder.join(file).is_file();
    let mut needed = vec![config::FILE.to_owned(), subwords::FILE.to_owned()];
    if lacks(weights::FILE) && !lacks(weights::INDEX) {
        needed.extend(weights::parts(&folder.join(weights::INDEX))?);
    } else {
        needed.push(weights::FILE.to_owned());
    }
    Ok(needed.into_iter().find(|file| lacks(file)))
}

const _: () = {
    const fn threads<T: Send + Sync>() {}
    threads::<Hub>();
};
