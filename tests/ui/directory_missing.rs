#[percio::model("models/absent")]
pub struct Net;

fn main() {
    Net::new().infer(&[1, 2, 3]);
}
