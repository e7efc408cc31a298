#[percio::model("models/sized")]
pub struct Motion;

fn main() {
    let mut net = Motion::new();
    let mut left = net.encoder();
    let mut right = net.encoder();
    left.push(&[0.5; 22]);
    right.push(&[0.5; 22]);
}
