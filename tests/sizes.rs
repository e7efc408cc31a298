//! What a model needs does not depend on how long its input is.

use crate::support::tolerance;
use made::{Tokens64, Tokens1000, Tokens100000};
use percio_hosttools::metrics::Distance;

#[allow(dead_code, unreachable_pub, reason = "the code of public types, of which this module uses a part")]
mod made {
    include!(concat!(env!("OUT_DIR"), "/tokens64.rs"));
    include!(concat!(env!("OUT_DIR"), "/tokens1000.rs"));
    include!(concat!(env!("OUT_DIR"), "/tokens100000.rs"));
}

#[test]
fn ram_and_flash_are_the_same_for_any_number_of_tokens() {
    assert_eq!([Tokens64::TOKENS, Tokens1000::TOKENS, Tokens100000::TOKENS], [64, 1_000, 100_000]);
    let sizes = [size_of::<Tokens64>(), size_of::<Tokens1000>(), size_of::<Tokens100000>()];
    assert_eq!(sizes, [sizes[0]; 3]);
    assert!(sizes[0] <= 24 * 1024, "{} bytes", sizes[0]);
    let flash = [Tokens64::FLASH_BYTES, Tokens1000::FLASH_BYTES, Tokens100000::FLASH_BYTES];
    assert_eq!(flash, [flash[0]; 3]);
}

/// The `index`-th sample of a recording.
fn sample(index: usize) -> [f32; 22] {
    std::array::from_fn(|channel| ((index * 31 + channel * 17) % 97) as f32 / 48.5 - 1.0)
}

#[test]
fn a_hundred_thousand_tokens_one_by_one_are_as_all_of_them_at_once() {
    let window: Vec<[f32; 22]> = (0..Tokens100000::TOKENS).map(sample).collect();
    let mut net = Box::new(Tokens100000::new());
    let expected = net.infer(window.as_slice().try_into().expect("as many tokens as there are positions")).to_vec();
    let mut encoder = net.encoder();
    for token in &window {
        encoder.push(token);
    }
    assert_eq!(encoder.remaining(), usize::MAX);
    let logits = encoder.finish().decode(0).to_vec();
    let distance = Distance::between(&[logits], &[expected], 1);
    assert!(distance.is_within(tolerance::STREAM), "{distance:?}");
}

#[test]
fn positions_go_on_after_the_last() {
    let mut net = Tokens64::new();
    let mut encoder = net.encoder();
    (0..64).for_each(|index| encoder.push(&sample(index)));
    let state = encoder.state();
    let mut far = net.resume(&state);
    (64..1_000).for_each(|index| far.push(&sample(index)));
    let far = far.finish().decode(0).to_vec();
    let near = net.resume(&state).finish().decode(0).to_vec();
    let window: [[f32; 22]; 64] = std::array::from_fn(sample);
    let expected = net.infer(&window).to_vec();
    let distance = Distance::between(std::slice::from_ref(&near), &[expected], 1);
    assert!(distance.is_within(tolerance::STREAM), "{distance:?}");
    assert!(far.iter().all(|number| number.is_finite()) && far != near, "later tokens count");
}
