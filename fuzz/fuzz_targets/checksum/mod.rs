//! The checksum at the end of binary files, so that a changed file still reaches what stands behind the comparison.

/// The bytes with their last eight replaced by the checksum of the others.
pub fn mended(bytes: &[u8]) -> Vec<u8> {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let content = &bytes[..bytes.len().saturating_sub(8)];
    let mut state: u64 = 0xcbf2_9ce4_8422_2325;
    for chunk in content.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        state = (state ^ u64::from_le_bytes(word)).wrapping_mul(PRIME);
    }
    let sum = (state ^ (content.len() % 8) as u64).wrapping_mul(PRIME);
    [content, &sum.to_le_bytes()].concat()
}
