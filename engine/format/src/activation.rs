//! The elementwise functions that a compiled model may ask for.

/// An elementwise function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// x
    Identity,
    /// x · Φ(x), the exact form of PyTorch and of every port of the Perceiver to it.
    GeluErf,
    /// x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³))), the form of the original in JAX.
    GeluTanh,
    /// x · σ(1.702·x)
    QuickGelu,
    /// max(x, 0)
    Relu,
    /// max(x, 0)²
    SquaredRelu,
    /// x · σ(x)
    Silu,
    /// tanh x
    Tanh,
}
