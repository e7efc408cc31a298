#[percio::model("models/no-decoder", outputs = "decoded")]
pub struct Latents;

fn main() {}
