#[percio::model("models/good", positions = "unbounded")]
pub struct Good;

fn main() {}
