//! Unicode normalization: NFC and optional lower case, with the position in the original of each character.
//!
//! Characters that Unicode normalization can join or reorder form a *segment*: it begins at a character of combining class
//! 0 that never composes with what precedes it (`NFC_Quick_Check = Yes`). Segments are normalized separately, which is
//! equivalent to normalizing the whole (Unicode Standard Annex #15, section 9), and each character is traced back to its segment.

use unicode_normalization::{
    IsNormalized, UnicodeNormalization, char::canonical_combining_class, is_nfc, is_nfc_quick,
};

/// A normalized character and the bytes `start..end` of the original that it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) character: char,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Sets `pieces` to the normal form of `chunk`, which starts at byte `offset` of the original.
pub(super) fn normalize(chunk: &str, offset: usize, lower_case: bool, pieces: &mut Vec<Piece>) {
    pieces.clear();
    pieces.extend(chunk.char_indices().map(|(index, character)| Piece {
        character,
        start: offset + index,
        end: offset + index + character.len_utf8(),
    }));
    if chunk.is_ascii() {
        if lower_case {
            for piece in pieces {
                piece.character.make_ascii_lowercase();
            }
        }
        return;
    }
    compose(pieces);
    // Lower-casing may create characters that compose; a test checks that one more round suffices for every character. The
    // bound guarantees termination under future versions of Unicode.
    for _ in 0..4 {
        if !(lower_case && lower(pieces)) {
            break;
        }
        compose(pieces);
    }
}

/// NFC, segment by segment.
fn compose(pieces: &mut Vec<Piece>) {
    if is_nfc_quick(pieces.iter().map(|piece| piece.character)) == IsNormalized::Yes {
        return;
    }
    let mut composed = Vec::with_capacity(pieces.len());
    for segment in pieces.chunk_by(|_, next| !starts_segment(next.character)) {
        let characters = || segment.iter().map(|piece| piece.character);
        match segment {
            [first, .., last] if !is_nfc(&characters().collect::<String>()) => {
                let (start, end) = (first.start, last.end);
                composed.extend(characters().nfc().map(|character| Piece { character, start, end }));
            }
            [only] => {
                composed.extend(characters().nfc().map(|character| Piece { character, ..*only }));
            }
            _ => composed.extend_from_slice(segment),
        }
    }
    *pieces = composed;
}

fn starts_segment(character: char) -> bool {
    character.is_ascii()
        || (canonical_combining_class(character) == 0
            && is_nfc_quick(std::iter::once(character)) == IsNormalized::Yes)
}

/// Lower-cases; returns whether anything changed.
fn lower(pieces: &mut Vec<Piece>) -> bool {
    let text: String = pieces.iter().map(|piece| piece.character).collect();
    let lowered = text.to_lowercase();
    if lowered == text {
        return false;
    }
    // Lower-casing the string differs from lower-casing its characters only in the final sigma, one character in both.
    let mut characters = lowered.chars();
    *pieces = pieces
        .iter()
        .flat_map(|piece| {
            let count = piece.character.to_lowercase().count();
            characters.by_ref().take(count).map(|character| Piece { character, ..*piece }).collect::<Vec<_>>()
        })
        .collect();
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(original: &str, lower_case: bool) -> (String, Vec<(usize, usize)>) {
        let mut pieces = Vec::new();
        normalize(original, 0, lower_case, &mut pieces);
        (
            pieces.iter().map(|piece| piece.character).collect(),
            pieces.iter().map(|piece| (piece.start, piece.end)).collect(),
        )
    }

    #[test]
    fn every_character_reaches_its_normal_form() {
        for character in (0..=0x10_FFFF).filter_map(char::from_u32) {
            let original = character.to_string();
            for lower_case in [false, true] {
                let (once, _) = text(&original, lower_case);
                assert_eq!(text(&once, lower_case).0, once, "{character:?}");
                assert!(is_nfc(&once), "{character:?}");
                assert_eq!(once.contains(char::is_whitespace), character.is_whitespace(), "{character:?}");
            }
        }
    }

    #[test]
    fn origins_follow_composition_and_case() {
        assert_eq!(text("e\u{301}a", false), ("éa".to_owned(), vec![(0, 3), (3, 4)]));
        assert_eq!(text("xİ", true), ("xi\u{307}".to_owned(), vec![(0, 1), (1, 3), (1, 3)]));
        assert_eq!(text("ΟΔΟΣ", true).0, "οδος");
        // The marks are reordered, so each comes from the whole segment.
        assert_eq!(text("q\u{307}\u{323}", false).1, vec![(0, 5); 3]);
    }
}
