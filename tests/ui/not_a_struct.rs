#[percio::model("models/good")]
pub enum Net {
    A,
}

fn main() {}
