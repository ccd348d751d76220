//! [`Console`]: progress bars with the remaining time, and an end at Ctrl-C that loses nothing.

use crate::Error;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use std::{
    fmt,
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// The person in front of the terminal: shown progress, asked to be heard on Ctrl-C.
#[derive(Debug, Clone, Default)]
pub struct Console {
    interrupted: Arc<AtomicBool>,
    quiet: bool,
}

impl Console {
    /// A console that hears Ctrl-C. The first one ends the run at its next safe point, the second one at once.
    ///
    /// # Errors
    /// [`Error::Signal`] if Ctrl-C cannot be caught, as when something else in the program has caught it already.
    pub fn attach() -> Result<Self, Error> {
        let console = Self::default();
        let interrupted = Arc::clone(&console.interrupted);
        ctrlc::set_handler(move || {
            if interrupted.swap(true, Ordering::SeqCst) {
                std::process::exit(130);
            }
        })?;
        Ok(console)
    }

    /// A console that shows nothing and hears nothing, for tests and for use in programs.
    #[must_use]
    pub fn silent() -> Self {
        Self { quiet: true, ..Self::default() }
    }

    /// Ends the run at its next safe point, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::SeqCst);
    }

    /// [`ControlFlow::Break`] once the run should end.
    pub fn flow(&self) -> ControlFlow<()> {
        if self.interrupted.load(Ordering::SeqCst) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// Advances a bar by as many steps, and says whether to go on, as [`Console::flow`] does.
    pub fn advance(&self, bar: &ProgressBar, steps: u64) -> ControlFlow<()> {
        bar.inc(steps);
        self.flow()
    }

    /// A progress bar over `total` of something, with speed and remaining time. Hidden where there is no terminal.
    #[must_use]
    pub fn bar(&self, what: &str, total: u64) -> ProgressBar {
        if self.quiet {
            return ProgressBar::hidden();
        }
        let template = "{msg:<16} {wide_bar} {human_pos}/{human_len}  {speed}  {eta:>4} left";
        let speed = |state: &ProgressState, out: &mut dyn fmt::Write| {
            // A bar that cannot be drawn is no reason to stop.
            let _ = write!(out, "{:.0}/s", state.per_sec());
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let style = style.with_key("speed", speed);
        ProgressBar::new(total).with_style(style).with_message(what.to_owned())
    }
}
