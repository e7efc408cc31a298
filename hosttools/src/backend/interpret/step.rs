//! A step to a call of the function of `percio::layers` of the same name.

use super::memory::{Memory, Readable};
use super::stage::Turn;
use percio::isa::Isa;
use percio::layers::{
    self, Attention, Columns, Embed, Fourier, Gate, Gru, Hide, Inverted, Linear, MaxPool, Mean, Mix, Normalize, OnGrid,
    Rotate, Rows, Transpose, Unfold, Waves,
};
use percio_codegen_core::program::{Count, Gathering, Step, WeightFormat};

#[inline(always)]
pub(super) fn run<I: Isa>(isa: I, step: &Step, turn: &Turn, memory: &mut Memory<'_>) {
    let (out, read) = memory.open(step.target(), turn);
    match step {
        Step::Embed { .. } | Step::Fourier { .. } | Step::Waves { .. } => features(isa, step, turn, read, out),
        Step::Unfold { .. } | Step::MaxPool { .. } => windows(isa, step, turn, read, out),
        Step::Linear { .. }
        | Step::Attention { .. }
        | Step::Normalize { .. }
        | Step::Gate { .. }
        | Step::Gru { .. }
        | Step::Rotate { .. }
        | Step::Turn { .. } => block(isa, step, turn, read, out),
        Step::InvertedAttention { .. }
        | Step::HideRows { .. }
        | Step::Transpose { .. }
        | Step::Mix { .. }
        | Step::Mixed { .. } => across(isa, step, turn, read, out),
        Step::Begin { .. } | Step::Gather { .. } | Step::Settle { .. } => gathering(isa, step, turn, read, out),
        Step::Columns { .. } | Step::GatherGrid { .. } => on_grid(isa, step, turn, read, out),
        Step::CopyRows { .. } | Step::AddRows { .. } | Step::MeanRows { .. } | Step::AffineRows { .. } => {
            rows(isa, step, turn, read, out)
        }
    }
}

/// Steps that look up or compute the numbers of tokens.
#[inline(always)]
fn features<I: Isa>(isa: I, step: &Step, turn: &Turn, read: Readable<'_>, out: &mut [f32]) {
    match *step {
        Step::Embed { ids, rows, vocabulary, width, out_stride, table, .. } => {
            let shape = Embed { rows: rows.at(turn.lengths), vocabulary, width, out_stride };
            let (ids, stored) = (read.ids(ids), read.stored());
            match table.format {
                WeightFormat::F32 => layers::embed(isa, &shape, ids, stored.f32(table), out),
                WeightFormat::F16 => layers::embed(isa, &shape, ids, stored.f16(table), out),
                WeightFormat::Bf16 => layers::embed(isa, &shape, ids, stored.bf16(table), out),
            }
        }
        Step::Fourier {
            points,
            shape,
            axes,
            bands,
            with_position,
            sine_only,
            by_axis,
            rows,
            out_stride,
            tables,
            ..
        } => {
            let (first, rows) = (first(rows, turn), rows.at(turn.lengths));
            let shape = Fourier { shape, axes, bands, by_axis, with_position, sine_only, first, rows, out_stride };
            match points {
                Some(points) => layers::fourier_at(isa, &shape, read.ids(points), read.weights(tables), out),
                None => layers::fourier(isa, &shape, read.weights(tables), out),
            }
        }
        Step::Waves { ref line, position_last, with_position, sine_only, rows, out_stride, .. } => {
            let (first, rows) = (first(rows, turn), rows.at(turn.lengths));
            let (origin, step) = (line.origin, line.step);
            let shape = Waves { position_last, with_position, sine_only, origin, step, first, rows, out_stride };
            layers::waves(isa, &shape, &line.waves, out);
        }
        _ => {}
    }
}

/// Steps over an image.
#[inline(always)]
fn windows<I: Isa>(isa: I, step: &Step, turn: &Turn, read: Readable<'_>, out: &mut [f32]) {
    match *step {
        Step::Unfold {
            frames,
            depth,
            channels,
            height,
            width,
            channels_first,
            kernel,
            stride,
            pad,
            out_height,
            out_width,
            rows,
            out_stride,
            ref image,
            ..
        } => {
            let shape = Unfold {
                frames,
                depth,
                channels,
                height,
                width,
                channels_first,
                kernel,
                stride,
                pad,
                out_height,
                out_width,
                first: first(rows, turn),
                rows: rows.at(turn.lengths),
                out_stride,
            };
            layers::unfold(isa, &shape, read.numbers(image), out);
        }
        Step::MaxPool {
            pad,
            channels,
            height,
            width,
            kernel,
            stride,
            out_height,
            out_width,
            out_stride,
            ref x,
            ..
        } => {
            let shape = MaxPool { pad, channels, width, height, kernel, stride, out_height, out_width, out_stride };
            layers::max_pool(isa, &shape, read.numbers(x), out);
        }
        _ => {}
    }
}

/// Steps of an attention block.
#[inline(always)]
fn block<I: Isa>(isa: I, step: &Step, turn: &Turn, read: Readable<'_>, out: &mut [f32]) {
    match *step {
        Step::Linear {
            rows,
            inputs,
            outputs,
            x_stride,
            out_stride,
            activation,
            accumulate,
            ref x,
            weight,
            bias,
            ..
        } => {
            let rows = rows.at(turn.lengths);
            let shape = Linear { rows, inputs, outputs, x_stride, out_stride, activation, accumulate };
            let (x, bias, stored, team) = (read.numbers(x), read.weights(bias), read.stored(), read.team());
            match weight.format {
                WeightFormat::F32 => team.linear(isa, &shape, x, stored.f32(weight), bias, out),
                WeightFormat::F16 => team.linear(isa, &shape, x, stored.f16(weight), bias, out),
                WeightFormat::Bf16 => team.linear(isa, &shape, x, stored.bf16(weight), bias, out),
            }
        }
        Step::Normalize { rows, width, centred, eps, ref x, gain, offset, .. } => {
            let shape = Normalize { rows: rows.at(turn.lengths), width, centred, eps };
            let (gain, offset) = (read.weights(gain), read.weights(offset));
            let x = x.as_ref().map(|x| read.numbers(x));
            read.team().normalize(isa, &shape, x, gain, offset, out);
        }
        Step::Gate { rows, width, activation, second, ref x, .. } => {
            layers::gate(isa, &Gate { rows: rows.at(turn.lengths), width, activation, second }, read.numbers(x), out);
        }
        Step::Gru { rows, width, ref input, ref hidden, .. } => {
            layers::gru(
                isa,
                &Gru { rows: rows.at(turn.lengths), width },
                read.numbers(input),
                read.numbers(hidden),
                out,
            );
        }
        Step::Rotate { rows, width, heads, head_width, first, skipped, from_end, frequencies, .. } => {
            let [rows, first, skipped] = [rows, first, skipped].map(|count| count.at(turn.lengths));
            let shape = Rotate { rows, width, heads, head_width, first, skipped, from_end };
            layers::rotate(isa, &shape, read.weights(frequencies), out);
        }
        Step::Turn { rows, width, heads, head_width, ref steps, .. } => {
            let shape = layers::Turn { rows: rows.at(turn.lengths), width, heads, head_width, first: turn.place };
            layers::turn(isa, &shape, steps, out);
        }
        Step::Attention {
            queries,
            keys,
            masked,
            heads,
            key_heads,
            value_heads,
            qk,
            v_width,
            scale,
            causal,
            zero_empty,
            ref q,
            ref k,
            ref v,
            mask,
            ..
        } => {
            let [queries, keys, masked] = [queries, keys, masked].map(|count| count.at(turn.lengths));
            let shape = Attention {
                queries,
                keys,
                masked,
                heads,
                key_heads,
                value_heads,
                qk,
                v: v_width,
                scale,
                causal,
                zero_empty,
            };
            let (q, k, v) = (read.numbers(q), read.numbers(k), read.numbers(v));
            read.team().attention(isa, &shape, q, k, v, read.mask(mask), out);
        }
        _ => {}
    }
}

/// Steps across rows, or across what rows have been.
#[inline(always)]
fn across<I: Isa>(isa: I, step: &Step, turn: &Turn, read: Readable<'_>, out: &mut [f32]) {
    match *step {
        Step::InvertedAttention {
            queries,
            keys,
            masked,
            heads,
            qk,
            v_width,
            scale,
            causal,
            eps,
            ref q,
            ref k,
            ref v,
            mask,
            ..
        } => {
            let [queries, keys, masked] = [queries, keys, masked].map(|count| count.at(turn.lengths));
            let shape = Inverted { queries, keys, masked, heads, qk, v: v_width, scale, causal, eps };
            let (q, k, v) = (read.numbers(q), read.numbers(k), read.numbers(v));
            layers::inverted_attention(isa, &shape, q, k, v, read.mask(mask), out);
        }
        Step::HideRows { rows, width, mask, .. } => {
            let present = turn.lengths.tokens.saturating_sub(turn.first);
            let shape = Hide { rows: rows.at(turn.lengths), width, present };
            layers::hide_rows(isa, &shape, read.mask_of_rows(mask), out);
        }
        Step::Transpose { rows, width, accumulate, ref x, .. } => {
            let shape = Transpose { rows: rows.at(turn.lengths), width, accumulate };
            layers::transpose(isa, &shape, read.numbers(x), out);
        }
        Step::Mix { rows, width, first, ref logits, ref x, .. } => {
            let shape = Mix { rows: rows.at(turn.lengths), width, first };
            layers::mix(isa, &shape, read.numbers(logits), read.numbers(x), out);
        }
        Step::Mixed { rows, width, ref x, .. } => {
            let shape = Mix { rows: rows.at(turn.lengths), width, first: false };
            layers::mixed(isa, &shape, read.numbers(x), out);
        }
        _ => {}
    }
}

/// Steps over the state of an attention.
#[inline(always)]
fn gathering<I: Isa>(isa: I, step: &Step, turn: &Turn, read: Readable<'_>, out: &mut [f32]) {
    match step {
        Step::Begin { shape, .. } => match shared(shape, 0) {
            Some(shape) => layers::begin_shares(isa, &shape, out),
            None => layers::begin(isa, &gathered(shape, 0), out),
        },
        Step::Gather { shape, keys, q, k, v, mask, .. } => {
            let (q, k, v, mask) = (read.numbers(q), read.numbers(k), read.numbers(v), read.mask(*mask));
            let keys = keys.at(turn.lengths);
            match shared(shape, keys) {
                Some(shape) => layers::gather_shares(isa, &shape, q, k, v, mask, out),
                None => read.team().gather(isa, &gathered(shape, keys), q, k, v, mask, out),
            }
        }
        Step::Settle { shape, x, .. } => match shared(shape, 0) {
            Some(shape) => layers::settle_shares(isa, &shape, read.numbers(x), out),
            None => layers::settle(isa, &gathered(shape, 0), read.numbers(x), out),
        },
        _ => {}
    }
}

/// Steps over tokens that keep no position.
#[inline(always)]
fn on_grid<I: Isa>(isa: I, step: &Step, turn: &Turn, read: Readable<'_>, out: &mut [f32]) {
    match *step {
        Step::Columns { rows, width, features, centred, eps, grid, axes, ref x, parts, .. } => {
            let (first, rows) = (first(rows, turn), rows.at(turn.lengths));
            let shape = Columns { rows, width, features, centred, eps, shape: grid, axes, first };
            layers::columns(isa, &shape, read.numbers(x), read.weights(parts), out);
        }
        Step::GatherGrid { shape, width, grid, axes, keys, ref q, ref k, mask, .. } => {
            let (first, keys) = (first(keys, turn), keys.at(turn.lengths));
            let Gathering { queries, heads, zero_empty, .. } = shape;
            let shape = OnGrid { queries, heads, keys, width, shape: grid, axes, first, zero_empty };
            let (q, k, mask) = (read.numbers(q), read.numbers(k), read.mask(mask));
            read.team().gather_grid(isa, &shape, q, k, mask, out);
        }
        _ => {}
    }
}

/// The inverted attention whose state it is, over `keys` more keys, if it is one.
pub(super) fn shared(shape: &Gathering, keys: usize) -> Option<Inverted> {
    let Gathering { queries, heads, qk, v_width: v, scale, shares, .. } = *shape;
    let (masked, causal) = (keys, false);
    shares.map(|eps| Inverted { queries, keys, masked, heads, qk, v, scale, causal, eps })
}

/// The attention whose state it is, over `keys` more keys.
pub(super) fn gathered(shape: &Gathering, keys: usize) -> Attention {
    let Gathering { queries, heads, key_heads, value_heads, qk, v_width: v, scale, zero_empty, .. } = *shape;
    let (masked, causal) = (keys, false);
    Attention { queries, keys, masked, heads, key_heads, value_heads, qk, v, scale, causal, zero_empty }
}

/// The first of `rows` rows.
fn first(rows: Count, turn: &Turn) -> usize {
    if rows == Count::TILE { turn.first } else { 0 }
}

/// Steps that move rows.
#[inline(always)]
fn rows<I: Isa>(isa: I, step: &Step, turn: &Turn, read: Readable<'_>, out: &mut [f32]) {
    let shape =
        |rows: Count, width, x_stride, out_stride| Rows { rows: rows.at(turn.lengths), width, x_stride, out_stride };
    match *step {
        Step::CopyRows { rows, width, x_stride, out_stride, ref x, .. } => {
            layers::copy_rows(isa, &shape(rows, width, x_stride, out_stride), read.numbers(x), out);
        }
        Step::AddRows { rows, width, x_stride, out_stride, ref x, .. } => {
            layers::add_rows(isa, &shape(rows, width, x_stride, out_stride), read.numbers(x), out);
        }
        Step::MeanRows { rows, width, ref x, .. } => {
            layers::mean_rows(isa, &Mean { rows: rows.at(turn.lengths), width }, read.numbers(x), out);
        }
        Step::AffineRows { rows, width, stride, gain, offset, .. } => {
            let (gain, offset) = (read.weights(gain), read.weights(offset));
            layers::affine_rows(isa, &shape(rows, width, stride, stride), gain, offset, out);
        }
        _ => {}
    }
}
