//! What a model needs does not depend on how long its input is.

use crate::support::tolerance;
use made::{Queries1, Queries100000, Tokens64, Tokens1000, Tokens100000};
use percio_hosttools::metrics::Distance;

#[allow(dead_code, unreachable_pub, reason = "the code of public types, of which this module uses a part")]
mod made {
    include!(concat!(env!("OUT_DIR"), "/tokens64.rs"));
    include!(concat!(env!("OUT_DIR"), "/tokens1000.rs"));
    include!(concat!(env!("OUT_DIR"), "/tokens100000.rs"));
    include!(concat!(env!("OUT_DIR"), "/queries1.rs"));
    include!(concat!(env!("OUT_DIR"), "/queries100000.rs"));
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

#[test]
fn ram_is_the_same_for_any_number_of_queries() {
    let sizes = [size_of::<Queries1>(), size_of::<Queries100000>()];
    assert_eq!(sizes, [sizes[0]; 2]);
    assert!(sizes[0] <= 24 * 1024, "{} bytes", sizes[0]);
    let window: [[f32; 22]; 64] = std::array::from_fn(sample);
    let mut net = Queries100000::new();
    let mut latents = net.encode(&window);
    let mut seen = Vec::new();
    latents.decode_each((99_990..100_001).chain([0, 7, 8, 9]), |query, row| seen.push((query, *row)));
    assert!(seen.iter().map(|(query, _)| *query).eq((99_990..100_000).chain([0, 7, 8, 9])));
    for (query, row) in seen {
        let [alone, made] = [*latents.decode(query), *latents.decode_with(&Queries100000::query(query))];
        assert_eq!(made, alone, "query {query} by its index and as a row");
        let distance = Distance::between(&[row.to_vec()], &[alone.to_vec()], 1);
        assert!(distance.is_within(tolerance::STREAM), "query {query}: {distance:?}");
    }
    let between = *latents.decode_with(&Queries100000::query_at([0.123, -0.456]));
    assert!(between.iter().all(|number| number.is_finite()));
}

#[test]
fn a_model_that_keeps_no_outputs_is_a_model() {
    fn bytes<M: percio::Model>(_: &M) -> usize {
        M::RAM_BYTES
    }
    let mut net = Queries1::new();
    let window = [[0.5; 22]; 64];
    let row = *net.encode(&window).decode(0);
    assert_eq!(*percio::Model::infer(&mut net, &window).decode(0), row);
    assert_eq!(bytes(&net), size_of::<Queries1>());
}

/// The `index`-th sample of a recording.
fn sample(index: usize) -> [f32; 22] {
    std::array::from_fn(|channel| ((index * 31 + channel * 17) % 97) as f32 / 48.5 - 1.0)
}

#[test]
fn a_thousand_tokens_one_by_one_are_as_all_of_them_at_once() {
    let window: [[f32; 22]; Tokens1000::TOKENS] = std::array::from_fn(sample);
    let mut net = Tokens1000::new();
    let expected = net.infer(&window).to_vec();
    let mut encoder = net.encoder();
    for token in &window {
        encoder.push(token);
    }
    assert_eq!(encoder.remaining(), usize::MAX);
    let logits = encoder.finish().decode(0).to_vec();
    let distance = Distance::between(&[logits], &[expected], 1);
    assert!(distance.is_within(tolerance::STREAM), "{distance:?}");
}

/// Where positions have no end a token stands where it would after all those before it.
#[test]
fn tokens_may_arrive_anywhere() {
    let mut net = Tokens100000::new();
    let tokens: [[f32; 22]; 7] = std::array::from_fn(sample);
    let mut encoder = net.encoder();
    encoder.push_at(99_990, &tokens);
    let together = *encoder.finish().decode(0);
    let mut encoder = net.encoder();
    encoder.push_at(99_996, &tokens[6..]);
    encoder.push_at(99_990, &tokens[..6]);
    let apart = *encoder.finish().decode(0);
    let distance = Distance::between(&[apart.to_vec()], &[together.to_vec()], 1);
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
