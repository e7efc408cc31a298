#[percio::model("models/asked", outputs = "decoded")]
pub struct Asked;

fn main() {
    let mut net = Asked::new();
    let mut latents = net.encode(&[[0.5; 22]; 64]);
    latents.decode_with(&[0.5; 33]);
}
