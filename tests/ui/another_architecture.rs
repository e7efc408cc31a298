#[percio::model("models/another-architecture")]
pub struct Net;

fn main() {}
