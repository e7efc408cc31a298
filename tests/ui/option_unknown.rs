#[percio::model("models/good", wieghts = "f32")]
pub struct Net;

fn main() {}
