//! Lengths of a sequence that only the run knows.

/// How many of `tokens` tokens come before the latents, which are the last ones: `asked` where possible. Of a longer rest
/// only the last `latents` are latents, and at least one token is one.
#[must_use]
pub fn prefix(asked: usize, tokens: usize, latents: usize) -> usize {
    asked.max(tokens.saturating_sub(latents)).min(tokens.saturating_sub(1))
}

/// How many ids come before the first that is `end`.
#[must_use]
pub fn until(ids: &[u32], end: u32) -> usize {
    ids.iter().position(|&id| id == end).unwrap_or(ids.len())
}

/// How many of the first `tokens` tokens `mask` leaves out.
#[must_use]
pub fn padding(mask: &[bool], tokens: usize) -> usize {
    mask.iter().take(tokens).filter(|&&keep| !keep).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_latent_and_there_are_not_too_many() {
        assert_eq!([0, 4, 6, 9, 10, 11].map(|asked| prefix(asked, 10, 5)), [5, 5, 6, 9, 9, 9]);
        assert_eq!([0, 1, 2].map(|asked| prefix(asked, 2, 5)), [0, 1, 1]);
        assert_eq!([0, 7].map(|asked| prefix(asked, 0, 5)), [0, 0]);
    }

    #[test]
    fn an_id_ends_the_sequence() {
        assert_eq!([&[3, 0, 2, 0][..], &[0, 1], &[4, 5], &[]].map(|ids| until(ids, 0)), [1, 0, 2, 0]);
    }

    #[test]
    fn a_mask_says_nothing_of_tokens_that_are_not_there() {
        let mask = [false, true, false, false];
        assert_eq!([0, 1, 3, 4, 9].map(|tokens| padding(&mask, tokens)), [0, 1, 2, 3, 3]);
    }
}
