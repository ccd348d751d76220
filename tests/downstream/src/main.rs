//! Prints the device that computes.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("libtorch computes on {}", steadfast_downstream::device()?);
    Ok(())
}
