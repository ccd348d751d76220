//! Certified robustness against backdoors and other edits, for text and discrete data.
//!
//! This package gathers the libraries under one name; each of them can be used alone.
//!
//! | module | crate | what it is for |
//! |---|---|---|
//! | [`certify`] | `steadfast-certify` | votes → bounds → certificate: noise, threats, the smoothing loop |
//! | [`perturb`] | `steadfast-perturb` | text: words, edits, deletion, masking and substitution noise with exact laws |
//! | [`synonyms`] | `steadfast-synonyms` | word vectors and thesauri → candidate sets → tables for substitution noise |
//! | [`fuzz`] | `steadfast-fuzz` | where a text is vulnerable: tree search over its segments; FRS's randomization and vote |
//! | [`model`] | `steadfast-model` | base classifiers: ensembles trained on noise, pretrained transformers |
//!
//! # A tour
//!
//! A noise draws noisy copies of an input, a classifier answers them, the votes are counted on a plan, and what they bound
//! becomes a statement about what an attacker can do:
//!
//! ```
//! use steadfast::certify::{Confidence, Plan, Rate, SmoothedClassifier, UniformNoise, from_fn};
//!
//! // Ten answers to a questionnaire, 0 to 4 each; the classifier looks at their sum.
//! let answers = [4, 3, 4, 4, 2, 4, 3, 4, 4, 3];
//! let classifier = from_fn(2, |answers: &Vec<u32>| usize::from(answers.iter().sum::<u32>() > 20));
//!
//! // An answer changes with probability 0.3, to any of the four others alike.
//! let noise = UniformNoise::new(5, Rate::new(0.3)?)?;
//! let smoothed = SmoothedClassifier::new(classifier, noise, Plan::fixed(200, 20_000)?)
//!     .confidence(Confidence::alpha(0.001)?)
//!     .seed(1);
//!
//! // Which radius is certified, and how sure is that?
//! let certificate = smoothed.certify(&answers, &noise.threat(&answers)?)?;
//! assert_eq!(certificate.class(), Some(1));
//! assert!(certificate.radius().is_some_and(|radius| radius.covers(1)));
//!
//! // The votes say nothing about another noise.
//! let stronger = UniformNoise::new(5, Rate::new(0.4)?)?;
//! assert!(smoothed.certify(&answers, &stronger.threat(&answers)?).is_err());
//! # Ok::<(), steadfast::certify::Error>(())
//! ```
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `serde` | parameters, votes and results serialize; what is read back is checked |
//! | `log` | events of long runs go to the `log` facade |
//! | `torch` | transformers, and ensembles, on libtorch 2.11.0, which has to be there when programs are linked |
//! | `hub` | `torch`, and models by their Hugging Face hub id |
#![forbid(unsafe_code)]

pub use steadfast_certify as certify;
pub use steadfast_fuzz as fuzz;
pub use steadfast_model as model;
pub use steadfast_perturb as perturb;
pub use steadfast_synonyms as synonyms;

/// The snippets of the README, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The snippets about transformers, run as tests.
#[cfg(all(doctest, feature = "torch"))]
#[doc = include_str!("../docs/transformers.md")]
struct Transformers;

/// The snippets of the guide, run as tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/guide.md")]
struct Guide;
