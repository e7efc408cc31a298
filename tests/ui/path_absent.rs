#[percio::model(weights = "f32")]
pub struct Net;

fn main() {}
