#[percio::model("models/sized")]
pub struct Motion;

fn main() {
    let mut net = Motion::new();
    let mut encoder = net.encoder();
    encoder.push(&[0.5; 22]);
    encoder.decode(0);
}
