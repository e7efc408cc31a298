#[percio::model("models/tensor-missing")]
pub struct Net;

fn main() {}
