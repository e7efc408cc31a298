#[percio::model("models/pickle/last.ckpt")]
pub struct Net;

fn main() {}
