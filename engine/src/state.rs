//! What a model has gathered from tokens, to be kept and sent.

/// The state of a model of `K` inputs, in `N` numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct State<const N: usize, const K: usize> {
    /// For each input, where its next token stands.
    pub next: [u32; K],
    /// See [`crate::layers::gather`].
    pub numbers: [f32; N],
}

impl<const N: usize, const K: usize> State<N, K> {
    /// The state as bytes, little-endian: the `checksum` of the weights that it belongs to, then its fields.
    #[must_use]
    pub fn to_bytes<const B: usize>(&self, checksum: u32) -> [u8; B] {
        const { assert!(B == 4 * (1 + K + N), "a state has another number of bytes") };
        let numbers = self.numbers.iter().map(|number| number.to_bits());
        let words = [checksum].into_iter().chain(self.next).chain(numbers);
        let mut bytes = [0; B];
        bytes.as_chunks_mut().0.iter_mut().zip(words).for_each(|(bytes, word)| *bytes = word.to_le_bytes());
        bytes
    }

    /// The state in `bytes`; `None` when it belongs to weights of another `checksum`.
    #[must_use]
    pub fn from_bytes<const B: usize>(bytes: &[u8; B], checksum: u32) -> Option<Self> {
        const { assert!(B == 4 * (1 + K + N), "a state has another number of bytes") };
        let mut words = bytes.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
        let belongs = words.next() == Some(checksum);
        let mut state = Self { next: [0; K], numbers: [0.0; N] };
        state.next.iter_mut().zip(&mut words).for_each(|(next, word)| *next = word);
        state.numbers.iter_mut().zip(words).for_each(|(number, word)| *number = f32::from_bits(word));
        belongs.then_some(state)
    }
}
