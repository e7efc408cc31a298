#[percio::model("models/sized")]
pub struct Motion;

fn main() {
    let mut net = Motion::new();
    let mut latents = net.encode(&[[0.5; 22]; 64]);
    net.encoder().push(&[0.5; 22]);
    latents.decode(0);
}
