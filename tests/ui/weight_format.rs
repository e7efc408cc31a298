#[percio::model("models/good", weights = "i8")]
pub struct Integers;

#[percio::model("models/good", weights = "float")]
pub struct Float;

fn main() {}
