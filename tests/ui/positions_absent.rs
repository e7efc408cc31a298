#[percio::model("models/without-positions", positions = "wrap")]
pub struct Bare;

fn main() {}
