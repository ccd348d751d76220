//! The golden corpus: certificates computed elsewhere in exact arithmetic, against the library and against an oracle.
//!
//! Every row is run twice, by the library and by brute force over exact numbers, and both must agree with the file: the
//! oracle to the file's last digit, the library to rounding *and always on the safe side of the exact value*. The values of
//! the file are rounded to their last digit, so they stand for half a unit of that digit on either side.
//!
//! `STEADFAST_GOLDEN=FILE cargo test --release --test golden` runs another file of the same format.
//!
//! What is enumerated: pairs of arbitrary laws in full; `r` coordinates of `K` values by the multinomial formula over all
//! counts, and in full over all `Kʳ` outcomes as well wherever that is at most [`ENUMERATED`]; allocations to groups all
//! of them; binomial tails term by term.

#[path = "../crates/certify/tests/oracle/mod.rs"]
mod oracle;

use num_traits::{One, Signed, Zero};
use oracle::{
    Q, approximately, binomial, half, half_unit, integer, normal, of, one, pair::Pair, parse, relative,
};
use serde_json::Value;
use std::collections::HashMap;
use steadfast::certify::{
    ClassBounds, Confidence, DiscreteThreat, FlipThreat, GaussianThreat, Group, GroupsThreat, Interval,
    Lower, Radius, Threat, TradeOff, UniformThreat, Upper,
    confidence::{clopper_pearson_lower, clopper_pearson_upper, required_samples, required_votes},
};

/// Sections whose certificates the library does not implement, by name. A section that is neither checked nor listed here
/// fails the test, and so does one that is both.
const NOT_IMPLEMENTED_YET: &[&str] =
    &["rsdel", "certed", "ranmask", "ablation_multiclass", "safer", "frs", "partition_aggregation"];

/// Sections that describe the file.
const DESCRIPTIONS: &[&str] = &["meta", "fields"];

/// The check of one row.
type Check = fn(&mut Checker, &Row<'_>) -> Result<(), String>;

/// The sections that are checked, and the number of rows that the bundled file has.
const COVERED: &[(&str, usize, Check)] = &[
    ("l0_threshold", 696, l0_threshold),
    ("l0_rho", 576, l0_rho),
    ("l0_radius", 216, l0_radius),
    ("clopper_pearson", 127, clopper_pearson),
    ("cohen_gaussian", 26, cohen_gaussian),
    ("rab_gaussian", 14, rab_gaussian),
    ("multiclass", 350, multiclass),
    ("hetero_groups", 90, hetero_groups),
    ("hetero_group_threshold", 4, hetero_group_threshold),
    ("hetero_pairs", 32, hetero_pairs),
    ("wang_mnist", 1, wang_mnist),
];

/// Full enumeration of outcomes is run up to this many.
const ENUMERATED: u32 = 729;

/// How far the library may be from the exact value, relative to the smaller of it and one minus it.
const TOLERANCE: f64 = 1e-12;

/// The same for thresholds, where half the adversarial mass cancels: what is left has the ratio of neighbouring regions for
/// a condition number.
const fn threshold_tolerance(values: u64) -> f64 {
    if values <= 256 { 1e-11 } else { 3e-10 }
}

/// The same for attacked probabilities, relatively or absolutely: where the answer is far smaller than the masses that it is
/// the difference of, only the absolute error is small.
const RHO_TOLERANCE: (f64, f64) = (1e-11, 2e-14);

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

/// Runs the file's sections and keeps what several rows need.
#[derive(Default)]
struct Checker {
    coordinates: HashMap<(u64, String, u32), Pair>,
    thresholds: HashMap<(u64, String), Vec<Upper>>,
    rows: usize,
    worst: HashMap<&'static str, f64>,
}

impl Checker {
    /// Everything that is wrong with the file, or with the library according to it.
    fn run(&mut self, document: &Value, least_rows: &dyn Fn(&str) -> usize) -> Vec<String> {
        let Some(sections) = document.as_object() else { return vec!["the corpus is no object".to_owned()] };
        let mut failures = Vec::new();
        for name in sections.keys().map(String::as_str) {
            let covered = COVERED.iter().any(|section| section.0 == name);
            let listed = NOT_IMPLEMENTED_YET.contains(&name);
            if !covered && !listed && !DESCRIPTIONS.contains(&name) {
                failures.push(format!("section {name} is neither checked nor listed as not implemented"));
            }
        }
        for (name, _, _) in COVERED {
            if NOT_IMPLEMENTED_YET.contains(name) {
                failures.push(format!("section {name} is checked, yet listed as not implemented"));
            }
        }
        for (name, _, _) in COVERED {
            failures.extend(self.section(document, name, least_rows(name).max(1)));
        }
        failures
    }

    /// Everything that is wrong with one section.
    fn section(&mut self, document: &Value, name: &str, least_rows: usize) -> Vec<String> {
        let Some(&(_, _, check)) = COVERED.iter().find(|section| section.0 == name) else {
            return vec![format!("section {name} is not checked")];
        };
        let rows = document.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let mut failures = Vec::new();
        if rows.len() < least_rows {
            failures.push(format!("section {name} has {} rows of {least_rows}", rows.len()));
        }
        for (index, row) in rows.iter().enumerate() {
            self.rows += 1;
            if let Err(problem) = check(self, &Row(row)) {
                failures.push(format!("{name}[{index}]: {problem}, in {row}"));
            }
        }
        failures
    }

    /// The exact pair of laws of `r` changed coordinates.
    fn coordinates(&mut self, values: u64, keep: &str, r: u32) -> Result<&Pair, String> {
        let key = (values, keep.to_owned(), r);
        if !self.coordinates.contains_key(&key) {
            let beta = number(keep)?;
            let exact = Pair::coordinates(values, &beta, r);
            if values.checked_pow(r).is_some_and(|outcomes| outcomes <= u64::from(ENUMERATED)) {
                let enumerated = Pair::coordinate(values as u32, &beta).power(r);
                for p in ["1/3", "0.9", "0.999999"].map(oracle::q) {
                    same(&enumerated.least(&p), &exact.least(&p), "full enumeration")?;
                }
            }
            self.coordinates.insert(key.clone(), exact);
        }
        Ok(&self.coordinates[&key])
    }

    fn note(&mut self, what: &'static str, error: f64) {
        let worst = self.worst.entry(what).or_insert(0.0);
        *worst = worst.max(error);
    }

    /// A lower bound against the exact value; always on its safe side.
    fn lower(
        &mut self,
        what: &'static str,
        (tolerance, absolute): (f64, f64),
        bound: Lower,
        exact: &Q,
    ) -> Result<(), String> {
        let rest = one() - exact;
        ensure(of(bound.p()) <= *exact, || format!("{what}: {bound:?} is above {}", approximately(exact)))?;
        ensure(of(bound.rest()) >= rest, || {
            format!("{what}: 1 − {bound:?} is below {}", approximately(&rest))
        })?;
        let (found, exact) = if rest < *exact { (bound.rest(), rest) } else { (bound.p(), exact.clone()) };
        if approximately(&(of(found) - &exact)).abs() <= absolute {
            return Ok(());
        }
        let error = relative(&of(found), &exact);
        self.note(what, error);
        ensure(error <= tolerance, || format!("{what}: {bound:?} is {error:e} off {}", approximately(&exact)))
    }

    /// An upper bound against the exact value.
    fn upper(
        &mut self,
        what: &'static str,
        tolerance: (f64, f64),
        bound: Upper,
        exact: &Q,
    ) -> Result<(), String> {
        self.lower(what, tolerance, bound.complement(), &(one() - exact))
    }
}

/// A row of a section. Fields that are missing or of another type are failures, not panics.
struct Row<'a>(&'a Value);

impl<'a> Row<'a> {
    fn get(&self, field: &str) -> Result<&'a Value, String> {
        self.0.get(field).ok_or_else(|| format!("field {field} is missing"))
    }
    fn text(&self, field: &str) -> Result<&'a str, String> {
        self.get(field)?.as_str().ok_or_else(|| format!("field {field} is no text"))
    }
    fn count(&self, field: &str) -> Result<u64, String> {
        self.get(field)?.as_u64().ok_or_else(|| format!("field {field} is no count"))
    }
    fn small(&self, field: &str) -> Result<u32, String> {
        u32::try_from(self.count(field)?).map_err(|_| format!("field {field} is too large"))
    }
    fn truth(&self, field: &str) -> Result<bool, String> {
        self.get(field)?.as_bool().ok_or_else(|| format!("field {field} is no truth value"))
    }
    fn rows(&self, field: &str) -> Result<Vec<Row<'a>>, String> {
        let rows = self.get(field)?.as_array().ok_or_else(|| format!("field {field} is no list"))?;
        Ok(rows.iter().map(Row).collect())
    }
    fn entries(&self, field: &str) -> Result<Vec<(&'a str, &'a Value)>, String> {
        let entries = self.get(field)?.as_object().ok_or_else(|| format!("field {field} is no table"))?;
        let entries: Vec<_> = entries.iter().map(|(key, value)| (key.as_str(), value)).collect();
        ensure(!entries.is_empty(), || format!("field {field} is empty"))?;
        Ok(entries)
    }
    /// Exactly what the field writes.
    fn exactly(&self, field: &str) -> Result<Q, String> {
        number(self.text(field)?)
    }
    /// The field rounds this exact value.
    fn rounds(&self, field: &str, exact: &Q) -> Result<(), String> {
        let text = self.text(field)?;
        rounds(text, exact).map_err(|problem| format!("{field}: {problem}"))
    }
    fn interval(&self, field: &str) -> Result<Interval, String> {
        interval(self.text(field)?)
    }
}

fn ensure(fine: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if fine { Ok(()) } else { Err(problem()) }
}

fn same(a: &Q, b: &Q, what: &str) -> Result<(), String> {
    ensure(a == b, || format!("{what}: {} and {}", approximately(a), approximately(b)))
}

fn number(text: &str) -> Result<Q, String> {
    parse(text).ok_or_else(|| format!("{text:?} is no number"))
}

fn interval(text: &str) -> Result<Interval, String> {
    Interval::enclosing(text).map_err(|error| error.to_string())
}

fn confidence(text: &str) -> Result<Confidence, String> {
    let alpha: f64 = text.parse().map_err(|_| format!("{text:?} is no α"))?;
    Confidence::new(alpha).map_err(|error| error.to_string())
}

fn threat(values: u64, keep: &str, coordinates: u32) -> Result<UniformThreat, String> {
    let values = u32::try_from(values).map_err(|_| "too many values".to_owned())?;
    UniformThreat::new(values, interval(keep)?, coordinates).map_err(|error| error.to_string())
}

/// The text writes `exact`, rounded to the nearest number with its digits.
fn rounds(text: &str, exact: &Q) -> Result<(), String> {
    let (written, slack) = (number(text)?, half_unit(text).ok_or("no decimal")?);
    ensure((&written - exact).abs() <= slack, || format!("{text} is not the exact {}", approximately(exact)))
}

/// A double in C's hexadecimal notation.
fn hexadecimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.strip_prefix("0x")?.split_once('p')?;
    let (whole, fraction) = mantissa.split_once('.')?;
    let digits = u64::from_str_radix(&format!("{whole}{fraction}"), 16).ok()?;
    let exponent = exponent.parse::<i32>().ok()? - 4 * i32::try_from(fraction.len()).ok()?;
    Some(digits as f64 * 2_f64.powi(exponent))
}

fn l0_threshold(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (values, keep, r) = (row.count("K")?, row.text("beta")?, row.small("r")?);
    let exact = checker.coordinates(values, keep, r)?.threshold();
    row.rounds("p_threshold", &exact)?;
    row.rounds("one_minus_p_threshold", &(one() - &exact))?;
    let double = |field| {
        let text = row.text(field)?;
        hexadecimal(text).ok_or_else(|| format!("{field}: {text} is no double"))
    };
    let (up, down) = (double("p_threshold_f64_up")?, double("p_threshold_f64_down")?);
    ensure(of(up) >= exact && of(up.next_down()) < exact, || "p_threshold_f64_up".to_owned())?;
    ensure(of(down) <= exact && of(down.next_up()) > exact, || "p_threshold_f64_down".to_owned())?;

    let key = (values, keep.to_owned());
    if !checker.thresholds.contains_key(&key) {
        checker.thresholds.insert(key.clone(), threat(values, keep, 1_000)?.thresholds(40));
    }
    let found = checker.thresholds[&key].get(r as usize).copied().ok_or("r above 40")?;
    checker.upper("threshold", (threshold_tolerance(values), 0.0), found, &exact)
}

fn l0_rho(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (values, keep, r) = (row.count("K")?, row.text("beta")?, row.small("r")?);
    let (p, other) = (row.exactly("p")?, row.exactly("rho_upper_at")?);
    let pair = checker.coordinates(values, keep, r)?;
    let (least, greatest) = (pair.least(&p), pair.greatest(&other));
    same(&greatest, &(one() - pair.least(&(one() - &other))), "greatest(q) = 1 − least(1 − q)")?;
    row.rounds("rho_lower", &least)?;
    row.rounds("rho_upper", &greatest)?;

    let threat = threat(values, keep, 1_000)?;
    checker.lower("rho", RHO_TOLERANCE, threat.lower_bound(row.interval("p")?.lower(), r), &least)?;
    checker.upper(
        "rho",
        RHO_TOLERANCE,
        threat.upper_bound(row.interval("rho_upper_at")?.upper(), r),
        &greatest,
    )
}

fn l0_radius(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (values, keep) = (row.count("K")?, row.text("beta")?);
    let (p, cap) = (row.exactly("p")?, row.small("radius_capped_at")?);
    let expected = row.get("radius")?.as_i64().ok_or("radius is no integer")?;
    let mut radius = -1;
    for r in 0..=cap {
        if p <= checker.coordinates(values, keep, r)?.threshold() {
            break;
        }
        radius = i64::from(r);
    }
    // The corpus writes 0 as well as −1 for p = ½, where nothing is certified, not even the input itself.
    let expected = if p == half() && expected == 0 { -1 } else { expected };
    ensure(radius == expected, || format!("exact radius {radius}"))?;
    if row.0.get("tie_case_at_r").is_some() {
        let r = row.small("tie_case_at_r")?;
        same(&checker.coordinates(values, keep, r)?.threshold(), &p, "no tie")?;
        ensure(expected < i64::from(r), || "a tie is not certified".to_owned())?;
    }

    let top = row.interval("p")?.lower();
    let bounds = ClassBounds::exact(0, top, top.complement(), None);
    let found = match threat(values, keep, cap)?.radius(&bounds) {
        None => -1,
        Some(Radius::Count(r, _)) => i64::from(r),
        Some(Radius::Unlimited(_)) => i64::from(cap),
        Some(other) => return Err(format!("radius {other:?}")),
    };
    ensure(found == expected, || format!("the library's radius is {found}"))
}

fn clopper_pearson(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (k, n, alpha) = (row.count("k")?, row.count("n")?, row.exactly("alpha")?);
    exact_lower_bound(k, n, &alpha, row.text("lower")?, row.text("one_minus_lower")?)?;
    exact_lower_bound(n - k, n, &alpha, row.text("one_minus_upper")?, row.text("upper")?)?;
    let level = confidence(row.text("alpha")?)?;
    let lower = clopper_pearson_lower(k, n, level).map_err(|e| e.to_string())?;
    let upper = clopper_pearson_upper(k, n, level).map_err(|e| e.to_string())?;
    for (bound, k, p, rest) in
        [(lower, k, "lower", "one_minus_lower"), (upper.complement(), n - k, "one_minus_upper", "upper")]
    {
        let (exact, exact_rest) = (row.exactly(p)?, row.exactly(rest)?);
        // The exact value is within half a unit of the written one; the library is further away than that.
        let slack =
            |field: &str| row.text(field).and_then(|t| half_unit(t).ok_or_else(|| "no decimal".to_owned()));
        ensure(of(bound.p()) <= exact.clone() + slack(p)?, || format!("{p}: {bound:?} is unsafe"))?;
        ensure(of(bound.rest()) >= exact_rest.clone() - slack(rest)?, || {
            format!("{rest}: {bound:?} is unsafe")
        })?;
        let error = if exact <= half() {
            relative(&of(bound.p()), &exact)
        } else {
            relative(&of(bound.rest()), &exact_rest)
        };
        checker.note("Clopper–Pearson", error);
        ensure(error <= TOLERANCE, || format!("{p}: {bound:?} is {error:e} off"))?;
        // Against the exact root itself, which the tail at the bound tells.
        if k > 0 {
            ensure(!bound.exceeds(Upper::ONE), || "a bound above one".to_owned())?;
            let exact_error = binomial::error_of_lower(k, n, &alpha, bound);
            ensure(exact_error <= TOLERANCE, || format!("{p}: {exact_error:e} off the exact root"))?;
        }
    }
    Ok(())
}

/// The root of `P(X ≥ k) = α` rounds to both texts: the tail is at most α half a unit below and at least α above.
fn exact_lower_bound(k: u64, n: u64, alpha: &Q, p: &str, rest: &str) -> Result<(), String> {
    let (at, at_rest) = (number(p)?, one() - number(rest)?);
    if k == 0 {
        return ensure(at.is_zero() && at_rest.is_zero(), || "no successes bound nothing".to_owned());
    }
    let unit = |text: &str| half_unit(text).ok_or_else(|| format!("{text} is no decimal"));
    for (at, slack) in [(at, unit(p)?), (at_rest, unit(rest)?)] {
        let (below, above) = (&at - &slack, at + slack);
        let inside = |x: &Q| x.is_positive() && *x < one();
        ensure(inside(&below) && binomial::tail(k, n, &below).lower <= *alpha, || {
            format!("{p} is too high")
        })?;
        ensure(above >= one() || binomial::tail(k, n, &above).upper >= *alpha, || format!("{p} is too low"))?;
    }
    Ok(())
}

fn cohen_gaussian(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (k, n, alpha) = (row.count("k")?, row.count("n")?, row.exactly("alpha")?);
    let (sigma, p) = (row.exactly("sigma")?, row.exactly("p_lower")?);
    let (abstain, radius) = (row.truth("abstain")?, row.exactly("radius")?);
    let slack = half_unit(row.text("p_lower")?).ok_or("no decimal")?;
    let low = binomial::tail(k, n, &(&p - &slack)).lower;
    let high = if p.is_one() { one() } else { binomial::tail(k, n, &(&p + &slack)).upper };
    ensure(low <= alpha && alpha <= high, || "p_lower is not the root".to_owned())?;
    ensure(abstain == (p <= half()), || "abstains unless p > ½".to_owned())?;
    if abstain {
        ensure(radius.is_zero(), || "no radius when abstaining".to_owned())?;
    } else {
        // Written to 35 digits; p has 40.
        let exact = normal::quantile(&p) * &sigma;
        ensure(relative(&radius, &exact) < 1e-33, || {
            format!("the exact radius is {}", approximately(&exact))
        })?;
    }

    let bound = clopper_pearson_lower(k, n, confidence(row.text("alpha")?)?).map_err(|e| e.to_string())?;
    let threat = GaussianThreat::new(approximately(&sigma)).map_err(|e| e.to_string())?;
    match threat.radius(bound).statement() {
        None => ensure(abstain, || "the library abstains".to_owned()),
        Some(found) => {
            ensure(!abstain, || "the library does not abstain".to_owned())?;
            gaussian(checker, *found, &radius, &sigma)
        }
    }
}

/// A Gaussian radius against the exact one. Quantiles pass through zero, so the error is relative to the radius and `σ`.
fn gaussian(checker: &mut Checker, found: f64, exact: &Q, sigma: &Q) -> Result<(), String> {
    ensure(of(found) <= *exact, || format!("radius {found} is above {}", approximately(exact)))?;
    let error = approximately(&((exact - of(found)) / (exact + sigma)));
    checker.note("Gaussian radius", error);
    ensure(error <= TOLERANCE, || format!("radius {found} is {error:e} off"))
}

fn rab_gaussian(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (sigma, alpha) = (row.exactly("sigma")?, row.exactly("alpha")?);
    let samples = integer(row.count("N")?);
    let hoeffding = row.exactly("hoeffding")?;
    let square = normal::logarithm(&alpha.recip()) / (integer(2) * &samples);
    ensure(relative(&(&hoeffding * &hoeffding), &square) < 1e-33, || "hoeffding".to_owned())?;
    let clamp = oracle::q("1e-8");
    let (pa, pb) = (row.exactly("pa_lower")?, row.exactly("pb_upper")?);
    let near = |written: &Q, exact: Q, what: &str| {
        ensure((written - exact).abs() < oracle::power_of_ten(-33), || what.to_owned())
    };
    near(&pa, (row.exactly("pa_mean")? - &hoeffding).max(clamp.clone()), "pa_lower")?;
    near(&pb, (row.exactly("pb_mean")? + &hoeffding).min(one() - clamp), "pb_upper")?;
    let exact = &sigma / integer(2) * (normal::quantile(&pa) - normal::quantile(&pb));
    let radius = row.exactly("radius_l2_total")?;
    ensure((&radius - &exact).abs() < oracle::power_of_ten(-30), || {
        format!("the exact radius is {}", approximately(&exact))
    })?;

    let bounds =
        ClassBounds::exact(0, row.interval("pa_lower")?.lower(), row.interval("pb_upper")?.upper(), None);
    let threat = GaussianThreat::new(approximately(&sigma)).map_err(|e| e.to_string())?;
    let Some(found) = *threat.training_radius(&bounds).statement() else {
        return ensure(!exact.is_positive(), || "the library abstains".to_owned());
    };
    ensure(exact.is_positive(), || "the library does not abstain".to_owned())?;
    gaussian(checker, found, &exact, &sigma)?;
    for (examples, share) in row.entries("per_example_radius")? {
        let share = number(share.as_str().ok_or("a share is no text")?)?;
        let examples: u32 = examples.parse().map_err(|_| "no number of examples".to_owned())?;
        let squares = &share * &share * integer(examples.into());
        ensure(relative(&squares, &(&radius * &radius)) < 1e-30, || format!("per example: {examples}"))?;
        gaussian(checker, GaussianThreat::per_example(found, examples), &share, &sigma)?;
    }
    Ok(())
}

fn multiclass(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (pa, pb) = (row.exactly("pa_lower")?, row.exactly("pb_upper")?);
    let (top, other) = (row.interval("pa_lower")?.lower(), row.interval("pb_upper")?.upper());
    let (least, greatest, lower, upper) = match row.text("kind")? {
        "uniform" => {
            let (values, keep, r) = (row.count("K")?, row.text("beta")?, row.small("r")?);
            let pair = checker.coordinates(values, keep, r)?;
            let (least, greatest) = (pair.least(&pa), pair.greatest(&pb));
            let threat = threat(values, keep, 1_000)?;
            (least, greatest, threat.lower_bound(top, r), threat.upper_bound(other, r))
        }
        "sparse" => {
            let (up, down) = (row.exactly("pf_plus")?, row.exactly("pf_minus")?);
            let (raised, lowered) = (row.small("ra")?, row.small("rd")?);
            let pair = Pair::raised(&up, &down).power(raised).merged();
            let pair = pair.and(&Pair::lowered(&up, &down).power(lowered).merged());
            let threat = FlipThreat::new(row.interval("pf_plus")?, row.interval("pf_minus")?, 1_000, 1_000);
            let trade_off = threat.trade_off(raised, lowered);
            (pair.least(&pa), pair.greatest(&pb), trade_off.lower(top), trade_off.upper(other))
        }
        kind => return Err(format!("unknown kind {kind}")),
    };
    row.rounds("rho_lower_a", &least)?;
    row.rounds("rho_upper_b", &greatest)?;
    let certified = row.truth("certified")?;
    ensure(certified == (least > greatest), || "certified iff strictly ahead".to_owned())?;
    checker.lower("rho", RHO_TOLERANCE, lower, &least)?;
    checker.upper("rho", RHO_TOLERANCE, upper, &greatest)?;
    ensure(lower.exceeds(upper) == certified, || format!("the library says {}", !certified))
}

/// A group of the file: its number of values, its `β`, and the most changes in it.
type ExactGroup<'a> = (u64, &'a str, u32);

fn groups<'a>(row: &Row<'a>) -> Result<Vec<ExactGroup<'a>>, String> {
    let groups = row.rows("groups")?;
    groups
        .iter()
        .map(|group| {
            let cap = if group.0.get("cap").is_some() { group.small("cap")? } else { u32::MAX };
            Ok((group.count("K")?, group.text("beta")?, cap))
        })
        .collect()
}

/// The exact pair of one allocation.
fn allocated(checker: &mut Checker, groups: &[ExactGroup<'_>], allocation: &[u32]) -> Result<Pair, String> {
    let mut product = Pair::unchanged();
    for (&(values, keep, _), &share) in groups.iter().zip(allocation) {
        product = product.and(checker.coordinates(values, keep, share)?).merged();
    }
    Ok(product)
}

/// All allocations of `r` changes under the caps; of fewer only if the caps do not add up to `r`.
fn allocations(groups: &[ExactGroup<'_>], r: u32) -> Vec<Vec<u32>> {
    let total = groups.iter().fold(0_u32, |sum, group| sum.saturating_add(group.2)).min(r);
    groups
        .iter()
        .fold(vec![vec![]], |partial, &(_, _, cap)| {
            let extended = |allocation: &Vec<u32>| {
                let used: u32 = allocation.iter().sum();
                let allocation = allocation.clone();
                (0..=cap.min(total - used)).map(move |share| [&allocation[..], &[share]].concat())
            };
            partial.iter().flat_map(extended).collect()
        })
        .into_iter()
        .filter(|allocation| allocation.iter().sum::<u32>() == total)
        .collect()
}

fn hetero_groups(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (groups, r, p) = (groups(row)?, row.small("R")?, row.exactly("p_lower")?);
    let mut worst: Option<Q> = None;
    for allocation in allocations(&groups, r) {
        let value = allocated(checker, &groups, &allocation)?.least(&p);
        worst = Some(worst.map_or(value.clone(), |worst| worst.min(value)));
    }
    let worst = worst.ok_or("no allocation")?;
    row.rounds("worst_rho_lower", &worst)?;
    let stated: Option<Vec<u32>> = row
        .get("one_argmin_allocation")?
        .as_array()
        .and_then(|shares| shares.iter().map(|s| u32::try_from(s.as_u64()?).ok()).collect());
    let stated = allocated(checker, &groups, &stated.ok_or("no allocation")?)?.least(&p);
    same(&stated, &worst, "one_argmin_allocation")?;
    let certified = row.truth("certified")?;
    ensure(certified == (worst > half()), || "certified iff above one half".to_owned())?;

    let parts = groups.iter().map(|&(values, keep, cap)| {
        Group::new("group", values as u32, interval(keep)?, cap).map_err(|e| e.to_string())
    });
    let threat = GroupsThreat::new(parts.collect::<Result<Vec<_>, _>>()?).map_err(|e| e.to_string())?;
    let top = row.interval("p_lower")?.lower();
    checker.lower("groups", RHO_TOLERANCE, threat.lower_bound(top, r), &worst)?;
    let bounds = ClassBounds::exact(0, top, top.complement(), None);
    ensure(threat.survives(&bounds, r) == certified, || format!("the library says {}", !certified))
}

fn hetero_group_threshold(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let groups = groups(row)?;
    let shares = row.get("alloc")?.as_array().ok_or("alloc is no list")?;
    let shares: Option<Vec<u32>> = shares.iter().map(|s| u32::try_from(s.as_u64()?).ok()).collect();
    let shares = shares.filter(|shares| shares.len() == groups.len()).ok_or("one share per group")?;
    let exact = allocated(checker, &groups, &shares)?.threshold();
    row.rounds("p_threshold", &exact)?;
    row.rounds("one_minus_p_threshold", &(one() - &exact))?;

    let mut product =
        TradeOff::from_outcomes(&[(interval("1")?, interval("1")?)]).map_err(|e| e.to_string())?;
    for (&(values, keep, _), &share) in groups.iter().zip(&shares) {
        let rest = (one() - number(keep)?) / integer(values - 1);
        let third = &rest * integer(values - 2);
        let (keep, rest, third) =
            (interval(keep)?, interval(&rest.to_string())?, interval(&third.to_string())?);
        let coordinate = TradeOff::from_outcomes(&[(keep, rest), (rest, keep), (third, third)]);
        let coordinate = coordinate.map_err(|e| e.to_string())?;
        for _ in 0..share {
            product = product.compose(&coordinate).map_err(|e| e.to_string())?;
        }
    }
    checker.upper("composed threshold", (threshold_tolerance(256), 0.0), product.threshold(), &exact)
}

fn hetero_pairs(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let p = row.exactly("p_lower")?;
    let mut exact = Pair::unchanged();
    let mut overlap = one();
    let mut product =
        TradeOff::from_outcomes(&[(interval("1")?, interval("1")?)]).map_err(|e| e.to_string())?;
    for coordinate in row.rows("coords")? {
        let law = |field: &str| -> Result<Vec<&str>, String> {
            let texts = coordinate.get(field)?.as_array().and_then(|l| l.iter().map(Value::as_str).collect());
            texts.ok_or_else(|| format!("field {field} is no list of fractions"))
        };
        let (clean, adversarial) = (law("phi")?, law("psi")?);
        ensure(clean.len() == adversarial.len(), || "laws on different sets".to_owned())?;
        let mut outcomes = Vec::new();
        let mut intervals = Vec::new();
        for (p, q) in clean.into_iter().zip(adversarial) {
            outcomes.push((number(p)?, number(q)?));
            intervals.push((interval(p)?, interval(q)?));
        }
        let sums_to_one = |side: fn(&(Q, Q)) -> &Q| outcomes.iter().map(side).sum::<Q>().is_one();
        ensure(sums_to_one(|o| &o.0) && sums_to_one(|o| &o.1), || "a law does not sum to one".to_owned())?;
        overlap *= outcomes.iter().map(|(p, q)| p.min(q).clone()).sum::<Q>();
        exact = exact.and(&Pair::new(&outcomes));
        let coordinate = TradeOff::from_outcomes(&intervals).map_err(|e| e.to_string())?;
        product = product.compose(&coordinate).map_err(|e| e.to_string())?;
    }
    let least = exact.least(&p);
    row.rounds("rho_lower", &least)?;
    row.rounds("tv_bound", &(&p - one() + overlap).max(Q::zero()))?;
    same(&exact.dual(&p), &least, "dual")?;
    checker.lower("pairs", RHO_TOLERANCE, product.lower(row.interval("p_lower")?.lower()), &least)
}

fn wang_mnist(checker: &mut Checker, row: &Row<'_>) -> Result<(), String> {
    let (keep, values, samples) = (row.text("beta")?, row.count("K")?, row.count("N")?);
    let dimension = row.small("dims")?;
    let alphas = [row.text("alpha_single")?, row.text("alpha_bonferroni")?];
    let threat = threat(values, keep, dimension)?;
    for (level, stated) in row.entries("p_lower_all_agree")? {
        ensure(alphas.contains(&level), || format!("level {level}"))?;
        let (alpha, stated) = (number(level)?, stated.as_str().ok_or("no text")?);
        // Unanimous votes: the bound is the N-th root of α. The corpus has it to 16 digits only, in whatever length.
        let at = number(stated)?;
        let slack = oracle::power_of_ten(-16);
        let low = binomial::tail(samples, samples, &(&at - &slack)).lower;
        let high = binomial::tail(samples, samples, &(&at + &slack)).upper;
        ensure(low <= alpha && alpha <= high, || format!("{stated} to the N is not α"))?;
        let bound = clopper_pearson_lower(samples, samples, confidence(level)?).map_err(|e| e.to_string())?;
        let error = binomial::error_of_lower(samples, samples, &alpha, bound);
        ensure(error <= TOLERANCE, || format!("{bound:?} is {error:e} off"))?;
    }
    for (level, counts) in row.entries("min_count_for_radius")? {
        ensure(alphas.contains(&level), || format!("level {level}"))?;
        let alpha = number(level)?;
        for (r, stated) in counts.as_object().ok_or("no table")? {
            let r: u32 = r.parse().map_err(|_| "no radius".to_owned())?;
            let threshold = checker.coordinates(values, keep, r)?.threshold();
            // k votes certify if the bound exceeds the threshold: if P(X ≥ k) at the threshold is below α.
            let certifies = |k: u64| k > 0 && binomial::tail(k, samples, &threshold).upper < alpha;
            let found = required_votes(samples, threat.thresholds(r)[r as usize], confidence(level)?);
            ensure(found == stated.as_u64(), || format!("the library says {found:?} votes for radius {r}"))?;
            match stated.as_u64() {
                Some(k) => ensure(certifies(k) && !certifies(k.saturating_sub(1)), || {
                    format!("{k} votes for radius {r}")
                })?,
                None => {
                    ensure(stated.is_null() && !certifies(samples), || format!("radius {r} is possible"))?;
                }
            }
        }
    }
    for (level, counts) in row.entries("min_N_all_agree")? {
        ensure(alphas.contains(&level), || format!("level {level}"))?;
        let alpha = number(level)?;
        for (r, stated) in counts.as_object().ok_or("no table")? {
            let r: u32 = r.parse().map_err(|_| "no radius".to_owned())?;
            let stated = stated.as_u64().ok_or("no number of samples")?;
            let threshold = checker.coordinates(values, keep, r)?.threshold();
            let certifies = |n: u64| n > 0 && binomial::tail(n, n, &threshold).upper < alpha;
            ensure(certifies(stated) && !certifies(stated.saturating_sub(1)), || {
                format!("{stated} samples for radius {r}")
            })?;
            let found = required_samples(threat.thresholds(r)[r as usize], confidence(level)?);
            ensure(found == Some(stated), || format!("the library says {found:?} samples for radius {r}"))?;
        }
    }
    Ok(())
}

/// The first rows of each section, to try changes on.
fn excerpt() -> Value {
    let mut document: Value = serde_json::from_str(BUNDLED).unwrap();
    for (name, _, _) in COVERED {
        document[name].as_array_mut().unwrap().truncate(2);
    }
    document
}

/// What is wrong with one section of the excerpt after a change.
fn failures(section: &str, change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut document = excerpt();
    change(&mut document);
    Checker::default().section(&document, section, 1)
}

/// Whether a field is one of ours: what other people's code returned is not checked.
fn compared(field: &str) -> bool {
    !["peer", "statsmodels", "lee_released"].iter().any(|prefix| field.starts_with(prefix))
}

/// Every computed number of a row, by its path: those with too many digits to be parameters.
fn numbers(value: &Value, path: &str, found: &mut Vec<String>) {
    let compared =
        |key: &str| !["peer", "statsmodels", "lee_released"].iter().any(|prefix| key.starts_with(prefix));
    match value {
        Value::Object(fields) => {
            for (key, value) in fields.iter().filter(|(key, _)| compared(key)) {
                numbers(value, &format!("{path}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                numbers(value, &format!("{path}/{index}"), found);
            }
        }
        Value::String(text) if text.len() > 19 => found.push(path.to_owned()),
        _ => {}
    }
}

#[test]
fn one_altered_digit_is_noticed() {
    let document = excerpt();
    for &(name, _, _) in COVERED {
        assert_eq!(failures(name, |_| ()), [] as [String; 0]);
        let mut paths = Vec::new();
        numbers(&document[name][0], "", &mut paths);
        assert!(!paths.is_empty() || name == "l0_radius", "{name} has no numbers");
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
        ("l0_radius", "radius"),
        ("cohen_gaussian", "abstain"),
        ("multiclass", "certified"),
        ("hetero_groups", "certified"),
    ] {
        let flip = |document: &mut Value| {
            let slot = &mut document[name][0][field];
            *slot = match &*slot {
                Value::Bool(truth) => Value::Bool(!*truth),
                other => Value::from(other.as_i64().unwrap() + 1),
            };
        };
        assert_ne!(failures(name, flip), [] as [String; 0], "{name}.{field}");
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
    assert!(describes(&|sections| drop(sections.insert("rsdel".to_owned(), Value::Null))).is_empty());
    let unknown = describes(&|sections| drop(sections.insert("unheard_of".to_owned(), Value::Array(vec![]))));
    assert!(unknown.len() == 1 && unknown[0].contains("unheard_of"));
}
