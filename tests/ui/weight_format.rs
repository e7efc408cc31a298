#[percio::model("models/good", weights = "f16")]
pub struct Half;

#[percio::model("models/good", weights = "float")]
pub struct Float;

fn main() {}
