//! Every dependency may be used under a permissive licence, but for exceptions that are named.

use std::error::Error;

use crate::workspace::cargo;

/// Licences under which a dependency may be used; of "A OR B" one is enough, of "A AND B" both are needed.
const ALLOWED: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    // The list of root certificates that https is checked against.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages under another licence that is accepted for them alone, each with that licence.
///
/// The Mozilla licence asks for the source of changed files of the package itself; it is used as it is, and with the
/// feature `hub` only.
const EXCEPTIONS: [(&str, &str); 1] = [("option-ext", "MPL-2.0")];

/// Checks all packages that the lock file names.
pub(crate) fn check() -> Result<(), Box<dyn Error>> {
    println!("\n== licences of all dependencies");

    let output =
        cargo().args(["metadata", "--format-version", "1", "--locked", "--all-features"]).output()?;
    if !output.status.success() {
        return Err(format!("`cargo metadata` failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().ok_or("`cargo metadata` lists no packages")?;
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| {
            let excepted = EXCEPTIONS
                .iter()
                .any(|&(name, licence)| package["name"] == name && package["license"] == licence);
            !excepted && !package["license"].as_str().is_some_and(allowed)
        })
        .map(|package| format!("{} ({})", package["name"], package["license"]))
        .collect();
    if refused.is_empty() {
        println!(
            "{} packages, all permissive but for: {}",
            packages.len(),
            EXCEPTIONS.map(|(name, licence)| format!("{name} ({licence})")).join(", ")
        );
        return Ok(());
    }
    Err(format!("no permissive licence is known of {}; replace them or extend the list", refused.join(", "))
        .into())
}

/// Whether an SPDX expression without nested alternatives leaves an allowed choice.
fn allowed(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], " ").replace('/', " OR ");
    plain.split(" AND ").all(|part| part.split(" OR ").any(|licence| ALLOWED.contains(&licence.trim())))
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn expressions_are_read() {
        for fine in [
            "MIT",
            "MIT OR Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "MIT/Apache-2.0",
        ] {
            assert!(allowed(fine), "{fine}");
        }
        for bad in ["GPL-3.0", "MIT AND GPL-3.0", "", "MPL-2.0"] {
            assert!(!allowed(bad), "{bad}");
        }
    }
}
