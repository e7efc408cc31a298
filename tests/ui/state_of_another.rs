#[percio::model("models/sized")]
pub struct Motion;
#[percio::model("models/good")]
pub struct Good;

fn main() {
    let state = Good::new().encoder().state();
    Motion::new().resume(&state);
}
