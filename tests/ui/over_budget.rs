#[percio::model("models/good", flash = "64 KiB", ram = "8 KiB")]
pub struct Net;

fn main() {}
