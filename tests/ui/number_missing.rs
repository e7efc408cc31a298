#[percio::model("models/number-missing")]
pub struct Net;

fn main() {}
