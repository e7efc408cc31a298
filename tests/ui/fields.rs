#[percio::model("models/good")]
pub struct Net {
    weights: [f32; 3],
}

fn main() {}
