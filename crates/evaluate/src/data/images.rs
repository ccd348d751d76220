//! Labelled grey images of one size.

use crate::Error;

/// Labelled grey images of one size, one byte per pixel, row by row.
#[derive(Clone, PartialEq, Eq)]
pub struct Images {
    rows: usize,
    columns: usize,
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl std::fmt::Debug for Images {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Images")
            .field("rows", &self.rows)
            .field("columns", &self.columns)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl Images {
    /// Images of `rows` × `columns` pixels, one after another, and a label for each.
    ///
    /// # Errors
    ///
    /// [`Error::ImageShape`] unless `rows` and `columns` are at least 1 and `pixels` holds `rows · columns` values per
    /// label.
    pub fn new(rows: usize, columns: usize, pixels: Vec<u8>, labels: Vec<u8>) -> Result<Self, Error> {
        let expected = rows.checked_mul(columns).and_then(|size| size.checked_mul(labels.len()));
        if rows == 0 || columns == 0 || expected != Some(pixels.len()) {
            return Err(Error::ImageShape { rows, columns, pixels: pixels.len(), labels: labels.len() });
        }
        Ok(Self { rows, columns, pixels, labels })
    }

    /// The number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Rows of an image, in pixels.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns of an image, in pixels.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The pixels of image `index`, row by row, 0 black to 255 white; `None` past the last image.
    #[must_use]
    pub fn image(&self, index: usize) -> Option<&[u8]> {
        let size = self.rows * self.columns;
        let start = index.checked_mul(size)?;
        self.pixels.get(start..start.checked_add(size)?)
    }

    /// The label of image `index`; `None` past the last image.
    #[must_use]
    pub fn label(&self, index: usize) -> Option<u8> {
        self.labels.get(index).copied()
    }

    /// All pixels, image after image.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// All labels.
    #[must_use]
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// Images and their labels, in order.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], u8)> {
        self.pixels.chunks_exact(self.rows * self.columns).zip(self.labels.iter().copied())
    }

    /// Appends the images of `other`.
    ///
    /// # Errors
    ///
    /// [`Error::ImageSizes`] when they are of another size; nothing is appended then.
    pub fn append(&mut self, other: &Self) -> Result<(), Error> {
        let (own, others) = ((self.rows, self.columns), (other.rows, other.columns));
        if own != others {
            return Err(Error::ImageSizes { own, other: others });
        }
        self.pixels.extend_from_slice(&other.pixels);
        self.labels.extend_from_slice(&other.labels);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_found_by_index() {
        let images = Images::new(1, 2, vec![1, 2, 3, 4], vec![7, 8]).unwrap();
        assert_eq!((images.len(), images.rows(), images.columns()), (2, 1, 2));
        assert_eq!((images.image(1), images.label(1)), (Some(&[3, 4][..]), Some(8)));
        assert_eq!((images.image(2), images.label(2)), (None, None));
        assert_eq!((images.image(usize::MAX), images.image(usize::MAX / 2)), (None, None));
        assert_eq!(
            images.iter().map(|(image, label)| (image[0], label)).collect::<Vec<_>>(),
            [(1, 7), (3, 8)]
        );
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        for (rows, columns, pixels, labels) in
            [(1, 2, 3, 2), (0, 2, 0, 1), (2, 0, 0, 0), (1, 1, 1, 0), (usize::MAX, 2, 4, 2)]
        {
            assert!(Images::new(rows, columns, vec![0; pixels], vec![0; labels]).is_err());
        }
        let mut images = Images::new(1, 2, vec![1, 2], vec![7]).unwrap();
        let other = Images::new(2, 1, vec![1, 2], vec![7]).unwrap();
        assert!(matches!(images.append(&other), Err(Error::ImageSizes { .. })));
        images.append(&images.clone()).unwrap();
        assert_eq!(images.len(), 2);
    }
}
