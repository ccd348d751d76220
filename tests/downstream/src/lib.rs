//! What a dependent package does with steadfast on libtorch: it asks which device computes.

use steadfast::model::device::{Device, DeviceError};

/// The first CUDA device if there is one, else the CPU.
///
/// ```
/// assert!(!steadfast_downstream::device()?.is_empty());
/// # Ok::<(), steadfast::model::device::DeviceError>(())
/// ```
///
/// # Errors
/// None: there is always a CPU.
pub fn device() -> Result<String, DeviceError> {
    Device::Auto.open().map(|device| format!("{device:?}"))
}
