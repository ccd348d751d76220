//! Events of long runs: to the facade `log` with the feature of that name, to nobody without it.

#[cfg(feature = "log")]
pub(crate) use log::{debug, info, warn};

#[cfg(not(feature = "log"))]
mod silent {
    /// Nothing is written; the arguments are checked all the same.
    macro_rules! event {
        ($($argument:tt)*) => {
            if false {
                let _ = format_args!($($argument)*);
            }
        };
    }
    pub(crate) use {event as debug, event as info, event as warn};
}
#[cfg(not(feature = "log"))]
pub(crate) use silent::{debug, info, warn};
