#[percio::model("models/sized")]
pub struct Motion;

fn main() {
    Motion::generator();
}
