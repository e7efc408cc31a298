#[percio::model("models/good")]
pub struct Net<T>;

fn main() {}
