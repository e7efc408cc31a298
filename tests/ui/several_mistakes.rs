#[percio::model("models/several-mistakes", weights = "i8", flash = "a lot", speed = "high")]
pub struct Net {
    size: usize,
}

fn main() {
    let mut net = Net::new();
    net.infer(&[1, 2, 3]);
}
