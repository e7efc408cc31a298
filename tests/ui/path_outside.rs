#[percio::model("../good")]
pub struct Net;

fn main() {}
