#[percio::model("models/sized")]
pub struct Motion;

fn main() {
    Motion::new().infer(&[[0.5; 22]; 65]);
}
