#[percio::model("models/melody")]
pub struct Melody;

fn main() {
    let mut generator = Melody::generator();
    let logits: &[f32; 23] = generator.begin(&[3, 4, 5]);
    generator.push(0.5);
}
