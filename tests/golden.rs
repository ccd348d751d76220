//! The golden corpus: certificates computed elsewhere in exact arithmetic, against the library and against an oracle.
//!
//! Every row is run twice, by the library and by brute force over exact numbers, and both must agree with the file: the
//! oracle to the file's last digit, the library to rounding *and always on the safe side of the exact value*. The values of
//! the file are rounded to their last digit, so they stand for half a unit of that digit on either side.
//!
//! `STEADFAST_GOLDEN=FILE cargo test --release --test golden` runs another file of the same format.
//!
//! What is enumerated: every attack on a vote of groups; pairs of arbitrary laws in full; `r` coordinates of `K` values by the multinomial formula over all
//! counts, and in full over all `Kʳ` outcomes as well wherever that is at most [`checker::ENUMERATED`]; allocations to groups all
//! of them; binomial tails term by term.

#[path = "golden/checker.rs"]
mod checker;
#[path = "golden/clopper_pearson.rs"]
mod clopper_pearson;
#[path = "golden/composed.rs"]
mod composed;
#[path = "golden/gaussian.rs"]
mod gaussian;
#[path = "../crates/certify/tests/oracle/mod.rs"]
mod oracle;
#[path = "golden/row.rs"]
mod row;
#[path = "golden/tampering.rs"]
mod tampering;
#[path = "golden/text.rs"]
mod text;
#[path = "golden/uniform.rs"]
mod uniform;

use checker::{Check, Checker};
use serde_json::Value;
use tampering::{compared, excerpt, failures, numbers};

/// Sections whose certificates the library does not implement, by name. A section that is neither checked nor listed here
/// fails the test, and so does one that is both.
const NOT_IMPLEMENTED_YET: &[&str] = &[];

/// Sections that describe the file.
const DESCRIPTIONS: &[&str] = &["meta", "fields"];

/// The sections that are checked, and the number of rows that the bundled file has.
const COVERED: &[(&str, usize, Check)] = &[
    ("l0_threshold", 696, uniform::l0_threshold),
    ("l0_rho", 576, uniform::l0_rho),
    ("l0_radius", 216, uniform::l0_radius),
    ("clopper_pearson", 127, clopper_pearson::clopper_pearson),
    ("cohen_gaussian", 26, gaussian::cohen_gaussian),
    ("rab_gaussian", 14, gaussian::rab_gaussian),
    ("multiclass", 350, composed::multiclass),
    ("hetero_groups", 90, composed::hetero_groups),
    ("hetero_group_threshold", 4, composed::hetero_group_threshold),
    ("hetero_pairs", 32, composed::hetero_pairs),
    ("wang_mnist", 1, uniform::wang_mnist),
    ("rsdel", 163, text::rsdel),
    ("certed", 16, text::certed),
    ("ranmask", 159, text::ranmask),
    ("ablation_multiclass", 12, text::ablation_multiclass),
    ("safer", 32, text::safer),
    ("frs", 12, text::frs_condition),
    ("partition_aggregation", 45, text::partition_aggregation),
];

const BUNDLED: &str = include_str!("golden/certificates.json");

#[test]
fn corpus() {
    let bundled = |section: &str| COVERED.iter().find(|c| c.0 == section).map_or(0, |c| c.1);
    let (text, rows): (String, &dyn Fn(&str) -> usize) = match std::env::var_os("STEADFAST_GOLDEN") {
        Some(file) => (
            std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display())),
            &|_: &str| 1,
        ),
        None => (BUNDLED.to_owned(), &bundled),
    };
    let document = serde_json::from_str(&text).expect("the corpus is JSON");
    let mut checker = Checker::default();
    let failures = checker.run(&document, rows);
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures[..failures.len().min(20)].join("\n")
    );
    println!("{} rows; worst relative errors: {:?}", checker.rows, checker.worst);
}

#[test]
fn one_altered_digit_is_noticed() {
    let document = excerpt();
    for &(name, _, _) in COVERED {
        assert_eq!(failures(name, |_| ()), [] as [String; 0]);
        let mut paths = Vec::new();
        numbers(&document[name][0], "", &mut paths);
        let radii_only = ["l0_radius", "rsdel", "certed", "ranmask", "frs", "partition_aggregation"];
        assert!(!paths.is_empty() || radii_only.contains(&name), "{name} has no numbers");
        for path in paths {
            let text = document[name][0].pointer(&path).unwrap().as_str().unwrap();
            // One of the last digits before the exponent, by one. Digits beyond what a section promises are not its own:
            // radii have 30 right digits, unanimous bounds 16.
            let spare = match name {
                "wang_mnist" => 17,
                "cohen_gaussian" | "rab_gaussian" => 8,
                _ => 1,
            };
            let at = text.find(['e', 'p']).unwrap_or(text.len()) - spare;
            let digit = text.as_bytes()[at];
            let other = char::from(if digit == b'9' || digit == b'f' { digit - 1 } else { digit + 1 });
            let changed = Value::String(format!("{}{other}{}", &text[..at], &text[at + 1..]));
            let noticed = failures(name, |d| *d[name][0].pointer_mut(&path).unwrap() = changed.clone());
            assert_ne!(noticed, [] as [String; 0], "{name}{path}: {text} → {changed}");
        }
    }
}

#[test]
fn altered_verdicts_are_noticed() {
    for (name, field) in [
        ("l0_radius", "/radius"),
        ("cohen_gaussian", "/abstain"),
        ("multiclass", "/certified"),
        ("hetero_groups", "/certified"),
        ("rsdel", "/attacker_sub/radius_strict"),
        ("rsdel", "/attacker_ins/radius_nonstrict"),
        ("rsdel", "/attacker_del/radius_strict"),
        ("certed", "/radius_strict"),
        ("certed", "/radius_nonstrict"),
        ("ranmask", "/radius"),
        ("ablation_multiclass", "/radius"),
        ("safer", "/certified_all_words"),
        ("safer", "/max_words_R"),
        ("frs", "/max_trigger_tokens"),
        ("partition_aggregation", "/pred"),
        ("partition_aggregation", "/certified_groups"),
    ] {
        let flip = |document: &mut Value| {
            let slot = document[name][0].pointer_mut(field).unwrap();
            *slot = match &*slot {
                Value::Bool(truth) => Value::Bool(!*truth),
                other => Value::from(other.as_i64().unwrap() + 1),
            };
        };
        assert_ne!(failures(name, flip), [] as [String; 0], "{name}{field}");
    }
}

#[test]
fn missing_fields_rows_and_sections_are_noticed() {
    for &(name, _, _) in COVERED {
        assert_ne!(
            failures(name, |d| d[name] = Value::Array(vec![])),
            [] as [String; 0],
            "{name} may be empty"
        );
        let remove = |d: &mut Value| drop(d.as_object_mut().unwrap().remove(name));
        assert_ne!(failures(name, remove), [] as [String; 0], "{name} may be missing");
        let fields: Vec<String> = excerpt()[name][0].as_object().unwrap().keys().cloned().collect();
        for field in fields.iter().filter(|field| compared(field) && *field != "tie_case_at_r") {
            let without = failures(name, |d| drop(d[name][0].as_object_mut().unwrap().remove(field)));
            assert_ne!(without, [] as [String; 0], "{name} does without {field}");
        }
    }
}

#[test]
fn unknown_sections_are_noticed() {
    let describes = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| {
        let mut sections = serde_json::Map::new();
        change(&mut sections);
        let failures = Checker::default().run(&Value::Object(sections), &|_| 1);
        // Everything that is checked is missing here, which is not what is asked.
        failures.into_iter().filter(|failure| !failure.contains("has 0 rows")).collect::<Vec<_>>()
    };
    assert!(describes(&|_| ()).is_empty());
    let unknown = describes(&|sections| drop(sections.insert("unheard_of".to_owned(), Value::Array(vec![]))));
    assert!(unknown.len() == 1 && unknown[0].contains("unheard_of"));
}
