#[percio::model("models/good", ram = "1 MiB", ram = "2 MiB", outside = "yes")]
pub struct Net;

fn main() {}
