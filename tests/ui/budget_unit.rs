#[percio::model("models/good", flash = "400 KiBi", ram = 12KiBytes)]
pub struct Net;

fn main() {}
