//! libtorch answers a dependent package, with no library path set.

use steadfast::model::device::Device;

#[test]
fn libtorch_is_found_and_answers() {
    assert!(steadfast_downstream::device().is_ok());
    let error = Device::Cuda(usize::MAX).open().unwrap_err().to_string();
    assert!(error.contains("CUDA was asked for") || error.contains("CUDA devices"), "{error}");
}

#[test]
fn its_program_starts_by_itself() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_steadfast-downstream"))
        .env_remove("LD_LIBRARY_PATH")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.starts_with("libtorch computes on"), "{output:?}");
}
