//! The lines of rated reviews: refused, or sentences with ratings in range.
#![no_main]

use libfuzzer_sys::fuzz_target;
use steadfast_evaluate::data::reviews;

fuzz_target!(|bytes: &[u8]| {
    for review in reviews::read(bytes).into_iter().flatten() {
        assert!(review.rating.abs() <= 4.0 && !review.sentence.trim().is_empty());
        assert_eq!(review.label().is_none(), review.rating == 0.0);
    }
});
