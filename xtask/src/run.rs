//! One example, with what it needs.

use std::{error::Error, path::Path};

use steadfast_fetch::{
    Source,
    catalog::{GLOVE, MINILM, MNIST, MOVIE_REVIEWS, WORDNET},
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

/// When an example needs libtorch, and for what.
enum When {
    Never,
    /// With `--backend torch`.
    Asked,
    /// With the hub too if `--model` names no folder.
    Always,
}

const EXAMPLES: [Needs; 9] = [
    Needs { example: "quickstart", sources: &[], libtorch: When::Never },
    Needs { example: "plans", sources: &[], libtorch: When::Never },
    Needs { example: "mnist", sources: &[MNIST], libtorch: When::Asked },
    Needs { example: "edits", sources: &[MOVIE_REVIEWS], libtorch: When::Never },
    Needs { example: "calls", sources: &[MOVIE_REVIEWS], libtorch: When::Never },
    Needs { example: "synonyms", sources: &[MOVIE_REVIEWS, WORDNET, GLOVE], libtorch: When::Never },
    Needs { example: "crowd", sources: &[MOVIE_REVIEWS, MINILM, WORDNET, GLOVE], libtorch: When::Always },
    Needs { example: "frs", sources: &[MOVIE_REVIEWS, MINILM], libtorch: When::Always },
    Needs { example: "classify", sources: &[MOVIE_REVIEWS, MINILM], libtorch: When::Always },
];

impl Needs {
    /// The feature of the package that the example is built with.
    fn feature(&self, arguments: &[String]) -> Option<&'static str> {
        let from_hub = || value(arguments, "--model").is_some_and(|model| !Path::new(model).is_dir());
        match self.libtorch {
            When::Never => None,
            When::Asked => (value(arguments, "--backend") == Some("torch")).then_some("torch"),
            When::Always => Some(if from_hub() { "hub" } else { "torch" }),
        }
    }
}

/// What the last `--option value` or `--option=value` gives, which is the one that counts.
fn value<'a>(arguments: &'a [String], option: &str) -> Option<&'a str> {
    arguments.iter().enumerate().rev().find_map(|(at, argument)| {
        let rest = argument.strip_prefix(option)?;
        if rest.is_empty() { arguments.get(at + 1).map(String::as_str) } else { rest.strip_prefix('=') }
    })
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
    if let Some(feature) = needs.feature(arguments) {
        environment = Libtorch::chosen(&cache).prepare(&cache, offline)?;
        cargo.extend(["--features", feature]);
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

    fn feature(example: &str, line: &str) -> Option<&'static str> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        EXAMPLES.iter().find(|needs| needs.example == example).unwrap().feature(&arguments)
    }

    #[test]
    fn libtorch_is_needed_only_where_it_is_used() {
        for (example, line) in
            [("classify", ""), ("mnist", "--quick --backend torch"), ("mnist", "--backend=torch")]
        {
            assert_eq!(feature(example, line), Some("torch"), "{example} {line}");
        }
        for (example, line) in [("mnist", ""), ("mnist", "--backend native --out torch"), ("edits", "")] {
            assert_eq!(feature(example, line), None, "{example} {line}");
        }
        // The last one counts.
        assert_eq!(feature("mnist", "--backend=torch --backend native"), None);
    }

    #[test]
    fn the_hub_is_needed_only_for_a_model_that_is_no_folder() {
        let folder = env!("CARGO_MANIFEST_DIR");
        for line in ["--model owner/name", "--quick --model=owner/name", &format!("--model {folder}/missing")]
        {
            assert_eq!(feature("classify", line), Some("hub"), "{line}");
        }
        for line in [&format!("--model {folder}"), &format!("--model={folder} --quick"), "--load owner/name"]
        {
            assert_eq!(feature("classify", line), Some("torch"), "{line}");
        }
    }
}
