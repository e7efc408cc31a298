//! A linear layer on a position encoding reads constants: its results become the table.

use super::{apply, bias_of, widen};
use crate::Problems;
use crate::model::{Encoding, Linear, Model, Position, Tensor, fourier_features};

pub(super) fn run(model: &mut Model) -> Result<(), Problems> {
    for position in model.inputs.iter_mut().filter_map(|input| input.position.as_mut()) {
        if let Some(linear) = position.project.take() {
            project(position, &linear)?;
        }
    }
    Ok(())
}

fn project(position: &mut Position, linear: &Linear) -> Result<(), Problems> {
    let table = match &position.encoding {
        Encoding::Learned(table) => table.clone(),
        Encoding::Fourier(fourier) => fourier_features(fourier),
    };
    let (bias, weight, numbers) = (bias_of(linear)?, linear.weight.numbers()?, widen(&table)?);
    let rows = numbers.chunks_exact(table.columns());
    let projected: Vec<f64> = rows.flat_map(|row| apply(&weight, row).zip(&bias).map(|(x, b)| x + b)).collect();
    let shape = [table.rows(), linear.weight.rows()];
    position.encoding = Encoding::Learned(Tensor::rounded(format!("{} (projected)", table.name), &shape, &projected));
    Ok(())
}
