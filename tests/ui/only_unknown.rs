#[percio::model("models/good", only = "logit")]
pub struct TinyMlm;

fn main() {}
