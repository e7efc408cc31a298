//! Numbers separated by commas, a line for each position of the input's first axis.

use super::floats;
use anyhow::{Result, anyhow, ensure};
use percio_codegen_core::container::Array;

/// The numbers of `text` as samples of `shape`. A first line that holds no numbers is a header.
pub(super) fn parse(text: &str, shape: &[usize]) -> Result<Array> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let mut numbers = Vec::new();
    for (index, line) in lines {
        let cells: Result<Vec<f32>, _> = line.split(',').map(|cell| cell.trim().parse::<f32>()).collect();
        match cells {
            Ok(cells) => numbers.extend(cells),
            Err(_) if index == 0 => {}
            Err(error) => return Err(anyhow!("line {}: {error} in `{line}`", index + 1)),
        }
    }
    let sample = shape.iter().product::<usize>().max(1);
    ensure!(
        !numbers.is_empty() && numbers.len().is_multiple_of(sample),
        "the file holds {} numbers, expected {sample} for each sample of shape {shape:?}",
        numbers.len()
    );
    Ok(floats([&[numbers.len() / sample], shape].concat(), numbers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_samples() {
        let array = parse("x,y\n1, 2\n3,4\n\n5,6\n7,8\n", &[2, 2]).expect("well formed");
        assert_eq!(array, floats(vec![2, 2, 2], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let message = |text| parse(text, &[2]).expect_err("malformed").to_string();
        assert_eq!(message("1,2\n3,x\n"), "line 2: invalid float literal in `3,x`");
        assert_eq!(message("1,2,3\n"), "the file holds 3 numbers, expected 2 for each sample of shape [2]");
    }
}
