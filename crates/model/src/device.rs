//! [`Device`]: which processor computes.
//!
//! Programs are linked against the CPU libraries of libtorch alone, so that one binary starts on every machine. The CUDA
//! libraries are opened at run time, before libtorch is first asked about CUDA: it looks for them only once.

use std::{
    env,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    sync::OnceLock,
};

/// The variable that names `libtorch_cuda.so`, or the folder that holds it.
const VARIABLE: &str = "STEADFAST_LIBTORCH_CUDA";

/// The library that adds CUDA to libtorch.
const LIBRARY: &str = "libtorch_cuda.so";

/// A choice of processor. [`Self::open`] opens it.
///
/// ```
/// use steadfast_model::device::Device;
///
/// assert_eq!("cuda:1".parse(), Ok(Device::Cuda(1)));
/// assert_eq!(Device::Auto.to_string(), "auto");
/// assert!("gpu".parse::<Device>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Device {
    /// The first CUDA device if there is one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA device of this number.
    Cuda(usize),
}

impl Device {
    /// The device for libtorch. Opens the CUDA libraries if they are needed.
    ///
    /// They are searched at `STEADFAST_LIBTORCH_CUDA` (a file or its folder), else on the library path (`LD_LIBRARY_PATH`),
    /// once per process.
    ///
    /// # Errors
    /// [`DeviceError`] if a CUDA device was requested and there is none. [`Self::Auto`] fails only if `STEADFAST_LIBTORCH_CUDA`
    /// is set, which requests one.
    pub fn open(self) -> Result<tch::Device, DeviceError> {
        match self {
            Self::Cpu => Ok(tch::Device::Cpu),
            Self::Cuda(number) => cuda(number),
            // A named library is a request for CUDA.
            Self::Auto => match cuda(0) {
                Err(error) if env::var_os(VARIABLE).is_some_and(|value| !value.is_empty()) => Err(error),
                found => Ok(found.unwrap_or(tch::Device::Cpu)),
            },
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

impl FromStr for Device {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => text
                .strip_prefix("cuda:")
                .and_then(|number| number.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| DeviceError::Unknown { given: text.to_owned() }),
        }
    }
}

/// Sets the number of libtorch's threads on the CPU; 0 leaves its default, one per core. Call it before any computation: the
/// order of sums depends on it, and so their last bits.
pub fn set_threads(threads: usize) {
    if let Some(threads) = i32::try_from(threads).ok().filter(|&threads| threads > 0) {
        tch::set_num_threads(threads);
    }
}

/// The number of libtorch's threads on the CPU.
#[must_use]
pub fn threads() -> usize {
    usize::try_from(tch::get_num_threads()).unwrap_or(1)
}

/// Why a device cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// The name is no device's.
    #[error("the device is {given:?}, expected cpu, cuda, cuda:N or auto")]
    Unknown {
        /// The name.
        given: String,
    },
    /// The CUDA libraries of libtorch could not be opened.
    #[error(
        "CUDA was asked for, but {path} cannot be opened ({reason}); install PyTorch 2.11.0 with CUDA and let \
         STEADFAST_LIBTORCH_CUDA name its folder torch/lib, or use the device cpu",
        path = path.display()
    )]
    NoLibrary {
        /// The library.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// The libraries were opened, but there is no device.
    #[error(
        "CUDA was asked for and its libraries are there, but they find no device: no NVIDIA driver, or one that is too \
         old; see what nvidia-smi says, or use the device cpu"
    )]
    NoDriver,
    /// There are fewer devices.
    #[error("cuda:{given} was asked for, but there are {devices} CUDA devices, counted from 0")]
    TooHigh {
        /// The number that was requested.
        given: usize,
        /// The number of devices.
        devices: usize,
    },
}

fn cuda(number: usize) -> Result<tch::Device, DeviceError> {
    let opened = libraries();
    // A libtorch linked with CUDA has its devices without opening anything.
    let devices = usize::try_from(tch::Cuda::device_count()).unwrap_or(0);
    if devices == 0 {
        opened?;
        return Err(DeviceError::NoDriver);
    }
    if number >= devices {
        return Err(DeviceError::TooHigh { given: number, devices });
    }
    Ok(tch::Device::Cuda(number))
}

/// Opens the CUDA libraries, once per process.
fn libraries() -> Result<(), DeviceError> {
    static OPENED: OnceLock<Result<(), DeviceError>> = OnceLock::new();
    OPENED.get_or_init(|| open(&library(env::var_os(VARIABLE)))).clone()
}

/// The library's file for a value of [`VARIABLE`].
fn library(variable: Option<OsString>) -> PathBuf {
    match variable.filter(|value| !value.is_empty()).map(PathBuf::from) {
        Some(folder) if folder.is_dir() => folder.join(LIBRARY),
        Some(file) => file,
        None => PathBuf::from(LIBRARY),
    }
}

#[cfg(unix)]
fn open(path: &Path) -> Result<(), DeviceError> {
    use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
    // SAFETY: opening runs the library's initializers. It is libtorch's own, made to be opened in this way (as Python
    // does), and all its symbols are bound at once, so that a library without those of this libtorch is refused here.
    #[expect(unsafe_code, reason = "there is no safe way to open a library")]
    let opened = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_GLOBAL) };
    match opened {
        Ok(library) => {
            // libtorch keeps pointers into it until the process ends.
            std::mem::forget(library);
            Ok(())
        }
        Err(error) => {
            Err(DeviceError::NoLibrary { path: path.to_owned(), reason: first_line(&error.to_string()) })
        }
    }
}

#[cfg(not(unix))]
fn open(path: &Path) -> Result<(), DeviceError> {
    let reason = "libraries are opened at run time on Unix only".to_owned();
    Err(DeviceError::NoLibrary { path: path.to_owned(), reason })
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for device in [Device::Auto, Device::Cpu, Device::Cuda(0), Device::Cuda(12)] {
            assert_eq!(device.to_string().parse(), Ok(device));
        }
        for wrong in ["", "CPU", "cuda:", "cuda:-1", "cuda:x", "gpu"] {
            assert!(matches!(wrong.parse::<Device>(), Err(DeviceError::Unknown { .. })), "{wrong}");
        }
    }

    #[test]
    fn the_variable_names_a_file_or_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(library(None), Path::new(LIBRARY));
        assert_eq!(library(Some("".into())), Path::new(LIBRARY));
        assert_eq!(library(Some(folder.path().into())), folder.path().join(LIBRARY));
        assert_eq!(library(Some("some/file.so".into())), Path::new("some/file.so"));
    }

    #[test]
    fn a_device_that_is_not_there_is_one_clear_error() {
        assert_eq!(Device::Cpu.open(), Ok(tch::Device::Cpu));
        let found = Device::Auto.open().unwrap();
        let error = Device::Cuda(usize::MAX).open().unwrap_err();
        match found {
            tch::Device::Cpu => {
                let expected = matches!(error, DeviceError::NoLibrary { .. } | DeviceError::NoDriver);
                assert!(expected, "{error}");
            }
            _ => assert!(matches!(error, DeviceError::TooHigh { .. }), "{error}"),
        }
        let error = open(Path::new("/no/such/library.so")).unwrap_err();
        assert!(error.to_string().contains("/no/such/library.so"), "{error}");
    }
}
