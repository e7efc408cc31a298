//! The classifier: a linear layer over each latent, their mean, another linear layer. As the mean of a linear layer's rows is
//! that of the mean row, one layer over the mean does for both.

use super::args::Args;
use crate::model::{Extent, Linear, Output, Tensor};
use crate::scheme::checkpoint::{Bias, Checkpoint};

/// Reads the output.
pub(super) fn read(args: &Args, checkpoint: &mut Checkpoint) -> Output {
    let first = checkpoint.linear("classifier.fc1", args.width, args.width, Bias::Required);
    let last = checkpoint.linear("classifier.fc2", args.classes, args.width, Bias::Required);
    let linear = compose(&first, &last, checkpoint);
    Output { mean: true, ..Output::new("logits", Extent::Rows(0..args.latents.0), Some(linear)) }
}

/// `last` after `first`, computed in double precision and rounded once; without numbers where one has none.
fn compose(first: &Linear, last: &Linear, checkpoint: &mut Checkpoint) -> Linear {
    let (width, outputs) = (first.weight.columns(), last.weight.rows());
    let shape = vec![outputs, width];
    let name = format!("{} · {}", last.weight.name, first.weight.name);
    let (Some(inner), Some(outer)) = (&first.bias, &last.bias) else { return last.clone() };
    let [inner, own] = [inner, outer].map(|bias| checkpoint.numbers(bias));
    let [first, last] = [first, last].map(|linear| checkpoint.numbers(&linear.weight));
    // The columns of the first weight, then its bias.
    let column = |column: usize| first.iter().skip(column).step_by(width);
    let dot = |row: &[f32], numbers: &mut dyn Iterator<Item = &f32>| -> f64 {
        row.iter().zip(numbers).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    };
    let rows = || last.chunks_exact(width.max(1));
    let weight: Vec<f32> = rows().flat_map(|row| (0..width).map(move |at| dot(row, &mut column(at)) as f32)).collect();
    let bias = rows().zip(own.iter());
    let bias: Vec<f32> = bias.map(|(row, &own)| (dot(row, &mut inner.iter()) + f64::from(own)) as f32).collect();
    Linear {
        weight: Tensor { name, shape, data: weight.into() },
        bias: Some(Tensor { name: outer.name.clone(), shape: vec![outputs], data: bias.into() }),
    }
}
