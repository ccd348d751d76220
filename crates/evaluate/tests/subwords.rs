//! Every movie review, and noisy copies of many, as words side by side and as strings: the same tokens.
#![cfg(feature = "torch")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use steadfast_certify::{
    Noise, Phase, Rate,
    seed::{Purpose, generator},
};
use steadfast_evaluate::data::reviews;
use steadfast_fetch::{Cache, catalog::MINILM};
use steadfast_model::transformer::{Config, Subwords};
use steadfast_perturb::{Deletion, Lexicon, Tokenizer, WordId};

/// `MiniLM` if it was fetched, and the tiny tokenizers of the model crate.
fn folders() -> Vec<PathBuf> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/golden");
    let mut folders = vec![golden.join("tiny-bert"), golden.join("tiny-roberta")];
    match Cache::from_environment().unwrap().fetch(&MINILM, true) {
        Ok(folder) => folders.push(folder),
        Err(_) => eprintln!("left out: MiniLM is not there (cargo xtask setup fetches it)"),
    }
    folders
}

#[test]
fn reviews_and_their_noisy_copies_have_the_tokens_of_their_strings() {
    let Ok(reviews) = reviews::load(&Cache::from_environment().unwrap(), true) else {
        eprintln!("left out: the movie reviews are not there (cargo xtask setup fetches them)");
        return;
    };
    assert!(reviews.len() > 10_000);
    for folder in folders() {
        let lexicon = Arc::new(Lexicon::new());
        let subwords =
            Subwords::load(&folder, &Config::load(&folder).unwrap(), Arc::clone(&lexicon)).unwrap();
        assert!(subwords.is_local());
        let check = |text: &[WordId]| {
            let string = lexicon.detokenize(text);
            let (found, expected) =
                (subwords.encode(text).unwrap(), subwords.encode_string(&string).unwrap());
            assert!(found == expected, "{}: {string:?}: {found:?}, not {expected:?}", folder.display());
        };
        for tokenizer in [Tokenizer::words(), Tokenizer::white_space()] {
            for review in &reviews {
                check(&tokenizer.tokenize(&lexicon, &review.sentence));
            }
        }
        // Copies of 500 reviews, 4 of each.
        let noise = Deletion::uniform(Arc::clone(&lexicon), Rate::new(0.4).unwrap()).unwrap();
        for (index, review) in reviews.iter().step_by(reviews.len() / 500).take(500).enumerate() {
            let text = Tokenizer::words().tokenize(&lexicon, &review.sentence);
            for sample in 0..4 {
                let mut rng = generator(1, Phase::Estimation, index as u64, sample, Purpose::Noise);
                check(&noise.sample(&text, &mut rng));
            }
        }
    }
}
