//! Which stage of the model a step and its weights belong to.

use percio_codegen_core::program::{Mark, Part, Program};

/// For each step the stage that it works towards: the next one that the program marks; after the last one, `outputs`.
pub(crate) fn stage_of_steps(program: &Program) -> Vec<String> {
    let mut marks: Vec<&Mark> = program.marks.iter().collect();
    marks.sort_by_key(|mark| mark.after);
    let stage =
        |step: usize| marks.iter().find(|mark| mark.after >= step).map_or("outputs", |mark| mark.stage.as_str());
    (0..program.steps.len()).map(|step| stage(step).to_owned()).collect()
}

/// Bytes of weights and tables by the stage that reads them first, in the order of a run.
pub(crate) fn flash_by_stage(program: &Program) -> Vec<(String, usize)> {
    let stages = stage_of_steps(program);
    let reads = |part: &Part, step: usize| {
        let read = program.steps[step].weights();
        read.iter().any(|weights| (part.offset..part.offset + part.bytes).contains(&weights.offset))
    };
    let mut sums: Vec<(String, usize)> = Vec::new();
    for part in &program.parts {
        let first = (0..program.steps.len()).find(|&step| reads(part, step));
        let stage = first.map_or("outputs", |step| stages[step].as_str());
        match sums.iter_mut().find(|(name, _)| name == stage) {
            Some((_, sum)) => *sum += part.bytes,
            None => sums.push((stage.to_owned(), part.bytes)),
        }
    }
    let place = |name: &String| stages.iter().position(|stage| stage == name).unwrap_or(stages.len());
    sums.sort_by_key(|(name, _)| place(name));
    sums
}
