#[percio::model("models/good", positions = "bounce")]
pub struct Good;

fn main() {}
