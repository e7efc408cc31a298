#[percio::model("models/melody")]
pub struct Melody;

fn main() {
    let mut generator = Melody::generator();
    let logits = generator.begin(&[3, 4, 5]);
    generator.push(6);
    assert!(logits[0] > 0.0);
}
