#[percio::model("models/repeated")]
pub struct Repeated;

fn main() {
    Repeated::new().encoder();
}
