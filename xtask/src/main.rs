//! The commands that look after the workspace: `cargo xtask --help`.

mod check;
mod doctor;
mod downstream;
mod libtorch;
mod licences;
mod portability;
mod run;
mod setup;
mod workspace;

use clap::{Parser, Subcommand};
use std::{error::Error, process::ExitCode};

/// The commands that look after the steadfast workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", override_usage = "cargo xtask <COMMAND>")]
struct Options {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Fetches libtorch, the pretrained model and all data, so that everything runs with --offline afterwards
    Setup,
    /// Fetches what one example needs, then runs it in release mode with libtorch if it needs that
    #[command(disable_help_flag = true, override_usage = "cargo xtask run <EXAMPLE> [ARGUMENTS]...")]
    Run {
        /// The example's name
        example: String,
        /// Its arguments; --help shows the example's own help, --offline fetches nothing
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Runs all tests, those on libtorch and the one of a dependent package included; fetches what they need
    Test {
        /// Fetch nothing
        #[arg(long)]
        offline: bool,
    },
    /// Everything that has to hold before a change lands, cheapest first: licences, format, lints, documentation, tests
    /// without and with libtorch, and examples on real digits and real sentences
    Check {
        /// Leave out what needs a package client, and what needs libtorch where there is none yet
        #[arg(long)]
        offline: bool,
    },
    /// Looks at the toolchain, the package clients, libtorch, CUDA and the cache, and says what to do about each
    Doctor {
        /// Compare every cached file with its SHA-256 too
        #[arg(long)]
        verify: bool,
    },
}

fn main() -> ExitCode {
    let result = match Options::parse().command {
        Task::Setup => setup::everything(),
        Task::Run { example, arguments } => run::example(&example, &arguments),
        Task::Test { offline } => check::tests(offline),
        Task::Check { offline } => check::everything(offline),
        Task::Doctor { verify } => doctor::examine(verify),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", with_causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// An error and what caused it, in one text.
fn with_causes(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause: &&dyn Error| (*cause).source());
    std::iter::once(error.to_string()).chain(causes.map(ToString::to_string)).collect::<Vec<_>>().join(": ")
}
