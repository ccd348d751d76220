//! One example, with what it needs.

use std::error::Error;

use steadfast_fetch::{
    Source,
    catalogue::{GLOVE, MINILM, MNIST, MOVIE_REVIEWS, WORDNET},
};

use crate::{
    libtorch::Libtorch,
    workspace::{self, run_cargo},
};

/// What an example needs before it can run.
struct Needs {
    example: &'static str,
    sources: &'static [Source<'static>],
    libtorch: When,
}

/// When an example needs libtorch.
enum When {
    Never,
    /// With `--backend torch`.
    Asked,
    Always,
}

const EXAMPLES: [Needs; 7] = [
    Needs { example: "quickstart", sources: &[], libtorch: When::Never },
    Needs { example: "plans", sources: &[], libtorch: When::Never },
    Needs { example: "mnist", sources: &[MNIST], libtorch: When::Asked },
    Needs { example: "edits", sources: &[MOVIE_REVIEWS], libtorch: When::Never },
    Needs { example: "calls", sources: &[MOVIE_REVIEWS], libtorch: When::Never },
    Needs { example: "synonyms", sources: &[MOVIE_REVIEWS, WORDNET, GLOVE], libtorch: When::Never },
    Needs { example: "classify", sources: &[MOVIE_REVIEWS, MINILM], libtorch: When::Always },
];

impl Needs {
    fn wants_libtorch(&self, arguments: &[String]) -> bool {
        let backend = arguments.iter().rposition(|argument| argument == "--backend");
        let backend = backend.and_then(|at| arguments.get(at + 1)).map(String::as_str);
        match self.libtorch {
            When::Never => false,
            When::Asked => {
                backend == Some("torch") || arguments.iter().any(|argument| argument == "--backend=torch")
            }
            When::Always => true,
        }
    }
}

/// Fetches what `example` needs, before the minutes of building, and runs it.
pub(crate) fn example(example: &str, arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let Some(needs) = EXAMPLES.iter().find(|needs| needs.example == example) else {
        let known = EXAMPLES.map(|needs| needs.example).join(", ");
        return Err(format!("there is no example {example:?}; there are: {known}").into());
    };
    let has = |option: &str| {
        arguments.iter().any(|argument| {
            argument.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        })
    };
    let cache = workspace::cache()?;
    let offline = has("--offline");
    // With data or a model of one's own, the example itself fetches what is still missing.
    if !["--help", "-h", "--version", "-V", "--data", "--load", "--model"].into_iter().any(has) {
        for source in needs.sources {
            cache.fetch(source, offline)?;
        }
    }
    let mut cargo = vec!["run", "--release", "--package", "steadfast", "--example", example];
    let mut environment = Vec::new();
    if needs.wants_libtorch(arguments) {
        environment = Libtorch::chosen(&cache).prepare(&cache, offline)?;
        cargo.extend(["--features", "torch"]);
    }
    cargo.push("--");
    cargo.extend(arguments.iter().map(String::as_str));
    run_cargo(&cargo, &environment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_listed_once() {
        let mut files: Vec<String> = std::fs::read_dir(workspace::root().join("examples"))
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        let mut listed = EXAMPLES.map(|needs| needs.example.to_owned()).to_vec();
        files.sort();
        listed.sort();
        assert_eq!(listed, files);
    }

    #[test]
    fn libtorch_is_needed_only_where_it_is_used() {
        let wants = |example: &str, line: &str| {
            let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            EXAMPLES.iter().find(|needs| needs.example == example).unwrap().wants_libtorch(&arguments)
        };
        assert!(
            wants("classify", "")
                && wants("mnist", "--quick --backend torch")
                && wants("mnist", "--backend=torch")
        );
        assert!(
            !wants("mnist", "") && !wants("mnist", "--backend native --out torch") && !wants("edits", "")
        );
    }
}
