//! Which stage of the model a step belongs to.

use percio_codegen_core::program::{Mark, Program};

/// For each step the stage that it works towards: the next one that the program marks; after the last one, `outputs`.
pub(crate) fn stage_of_steps(program: &Program) -> Vec<String> {
    let mut marks: Vec<&Mark> = program.marks.iter().collect();
    marks.sort_by_key(|mark| mark.after);
    let stage =
        |step: usize| marks.iter().find(|mark| mark.after >= step).map_or("outputs", |mark| mark.stage.as_str());
    (0..program.steps.len()).map(|step| stage(step).to_owned()).collect()
}
