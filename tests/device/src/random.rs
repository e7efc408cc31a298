//! Shapes and numbers that look random and are the same in every run.

/// A generator: xorshift32.
pub struct Random(pub u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// A number in `least ..= most`.
    pub fn size(&mut self, least: usize, most: usize) -> usize {
        least + (self.next() >> 8) as usize % (most - least + 1)
    }

    /// One of `choices`.
    pub fn one<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.size(0, choices.len() - 1)]
    }

    /// Numbers in −`gain` .. `gain`.
    pub fn fill(&mut self, numbers: &mut [f32], gain: f32) {
        numbers.iter_mut().for_each(|number| *number = gain * ((self.next() >> 8) as f32 / (1 << 23) as f32 - 1.0));
    }
}
