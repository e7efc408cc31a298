#[percio::model("models/tensor-reshaped")]
pub struct Net;

fn main() {}
