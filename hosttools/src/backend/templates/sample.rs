//! Samples from bytes, as the host writes them.

/// Bytes that are read from the front.
pub struct Bytes<'a>(pub &'a [u8]);

impl Bytes<'_> {
    /// The next four bytes; zeros at the end.
    fn word(&mut self) -> [u8; 4] {
        let Some((word, rest)) = self.0.split_first_chunk() else { return [0; 4] };
        self.0 = rest;
        *word
    }

    /// The next count.
    pub fn count(&mut self) -> usize {
        u32::from_le_bytes(self.word()) as usize
    }

    /// Fills `target` with the next numbers.
    pub fn numbers(&mut self, target: &mut [f32]) {
        target.iter_mut().for_each(|number| *number = f32::from_le_bytes(self.word()));
    }

    /// Fills `target` with the next indices of positions.
    pub fn points(&mut self, target: &mut [u32]) {
        target.iter_mut().for_each(|point| *point = u32::from_le_bytes(self.word()));
    }

    /// Fills `target` with the next ids and yields how many there are.
    pub fn ids(&mut self, target: &mut [u32]) -> usize {
        let count = self.count().min(target.len());
        target.iter_mut().take(count).for_each(|id| *id = u32::from_le_bytes(self.word()));
        count
    }

    /// Fills `target` with the next mask and yields how many tokens it covers.
    pub fn mask(&mut self, target: &mut [bool]) -> usize {
        let count = self.count().min(target.len());
        let (mask, rest) = self.0.split_at(count.min(self.0.len()));
        target.iter_mut().zip(mask).for_each(|(keep, &byte)| *keep = byte != 0);
        self.0 = rest;
        count
    }
}
