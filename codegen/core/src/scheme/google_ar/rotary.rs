//! Rotary positions as the original turns queries and keys: neighbours are pairs, places count from the last token.

use super::args::Turning;
use crate::model::{Attention, Places, Query, Rotary, Tensor};
use crate::scheme::checkpoint::Checkpoint;

/// Turns the queries and keys of `attention`.
pub(super) fn apply(turning: &Turning, attention: &mut Attention, checkpoint: &mut Checkpoint, name: &str) {
    let head = attention.qk / attention.heads;
    let numbers = (head as f64 * turning.of_numbers / 2.0).floor() as usize * 2;
    if numbers == 0 {
        checkpoint.complain(format!(
            "of the {head} numbers of a head of `{name}` none turn (`args.fraction_to_rotate` {}), and the original cannot run so: \
             give the number that the model was built with",
            turning.of_numbers
        ));
        return;
    }
    let heads = (turning.of_heads * attention.heads as f64).floor() as usize;
    if heads == 0 {
        return;
    }
    let sign = if turning.is_negative { -1.0 } else { 1.0 };
    let numbers: Vec<f32> = frequencies(turning, numbers).into_iter().map(|frequency| sign * frequency).collect();
    let frequencies = Tensor::new("inverse frequencies", &[numbers.len()], numbers);
    attention.rotary = Some(Rotary { frequencies, heads, places: Places::FromEnd });
}

/// `1 / max_wavelength^(2/numbers · x)`, x from 0 to the number of pairs in even steps, in single precision as the original
/// computes it.
fn frequencies(turning: &Turning, numbers: usize) -> Vec<f32> {
    let pairs = numbers / 2;
    let last = pairs as f32;
    let steps = (pairs - 1).max(1) as f32;
    let exponent = |pair: usize| match pair {
        0 => 0.0,
        _ if pair + 1 == pairs => last,
        _ => {
            let share = pair as f32 / steps;
            last * share
        }
    };
    let scale = (2.0 / numbers as f64) as f32;
    let base = turning.max_wavelength as f64;
    (0..pairs).map(|pair| 1.0 / (base.powf(f64::from(scale * exponent(pair))) as f32)).collect()
}

/// Moves the places of queries by one: what makes them turns by the angle of one place itself. Places that both queries and
/// keys have moved by make no difference, so only cross-attention has need of it.
pub(super) fn offset(turning: &Turning, attention: &mut Attention) {
    if !turning.is_offset {
        return;
    }
    let Some(rotary) = &attention.rotary else { return };
    let width = attention.qk / attention.heads;
    if let Query::Projected { linear, .. } = &mut attention.query {
        let sign = if turning.is_negative { -1.0 } else { 1.0 };
        // Computed above, they are in memory.
        let frequencies = rotary.frequencies.numbers().unwrap_or_default();
        let angles: Vec<f64> = frequencies.iter().map(|&frequency| sign * f64::from(frequency)).collect();
        for tensor in std::iter::once(&mut linear.weight).chain(&mut linear.bias) {
            turn(tensor, rotary.heads, width, angles.clone());
        }
    }
}

/// Turns the results of a layer that has `tensor` as its weight or bias: pair i of the first `heads` heads by `angles[i]`.
fn turn(tensor: &mut Tensor, heads: usize, width: usize, angles: Vec<f64>) {
    if tensor.is_empty() {
        return;
    }
    let columns = tensor.columns();
    tensor.data.change(move |numbers| {
        for head in 0..heads {
            for (pair, angle) in angles.iter().enumerate() {
                let first = (head * width + 2 * pair) * columns;
                for column in first..first + columns {
                    let [a, b] = [column, column + columns].map(|at| f64::from(numbers[at]));
                    numbers[column] = (a * angle.cos() - b * angle.sin()) as f32;
                    numbers[column + columns] = (b * angle.cos() + a * angle.sin()) as f32;
                }
            }
        }
    });
}
