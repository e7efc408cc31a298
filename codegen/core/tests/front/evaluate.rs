//! A model in double precision, term by term as [`percio_codegen_core::model`] defines it: slow, and its own proof.
//! What the loaders make of a checkpoint is compared with what the source library computed.

use percio_codegen_core::model::{
    Activation, Attention, Block, Combine, ConvTail, Encoding, Fourier, Input, Layout, Linear, Model, Norm, Queries,
    Query, Stem, Tensor, fourier_tables,
};

/// Rows of numbers.
pub(crate) type Rows = Vec<Vec<f64>>;

/// One sample of an input.
pub(crate) enum Sample {
    Numbers(Vec<f64>),
    /// Ids, and whether each is attended to.
    Ids(Vec<usize>, Vec<bool>),
}

/// The decoded rows of every output.
pub(crate) fn evaluate(model: &Model, samples: &[Sample]) -> Vec<Rows> {
    let mut tokens = Rows::new();
    let mut mask = Vec::new();
    for (input, sample) in model.inputs.iter().zip(samples) {
        let rows = encode(input, sample);
        match sample {
            Sample::Ids(_, keep) => mask.extend(keep),
            Sample::Numbers(_) => mask.extend(vec![true; rows.len()]),
        }
        tokens.extend(rows);
    }
    let mut latents = rows(&model.latents);
    for &index in &model.schedule {
        latents = attend(&model.blocks[index], &latents, &tokens, &mask);
    }
    let queries = match &model.decoder.queries {
        Queries::Learned(table) => rows(table),
        Queries::Fourier(fourier) => features(fourier),
    };
    let decoded = attend(&model.decoder.block, &queries, &latents, &vec![true; latents.len()]);
    let head = |output: &percio_codegen_core::model::Output| {
        let rows = decoded[output.rows.clone()].to_vec();
        output.linear.as_ref().map_or(rows.clone(), |layer| linear(layer, &rows))
    };
    model.outputs.iter().map(head).collect()
}

fn rows(tensor: &Tensor) -> Rows {
    let row = |row: &[f32]| row.iter().map(|&number| f64::from(number)).collect();
    tensor.data.chunks_exact(tensor.columns()).map(row).collect()
}

fn vector(tensor: Option<&Tensor>, len: usize, default: f64) -> Vec<f64> {
    tensor.map_or(vec![default; len], |tensor| tensor.data.iter().map(|&number| f64::from(number)).collect())
}

fn linear(layer: &Linear, x: &Rows) -> Rows {
    let (weight, bias) = (rows(&layer.weight), vector(layer.bias.as_ref(), layer.weight.rows(), 0.0));
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    x.iter().map(|row| weight.iter().zip(&bias).map(|(weights, bias)| dot(row, weights) + bias).collect()).collect()
}

fn normalize(norm: &Norm, x: &Rows) -> Rows {
    let row = |row: &Vec<f64>| {
        let n = row.len() as f64;
        let mean = row.iter().sum::<f64>() / n;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        let (gain, offset) = (vector(norm.gain.as_ref(), row.len(), 1.0), vector(norm.offset.as_ref(), row.len(), 0.0));
        let one = |(i, x): (usize, &f64)| (x - mean) / (variance + norm.eps).sqrt() * gain[i] + offset[i];
        row.iter().enumerate().map(one).collect()
    };
    x.iter().map(row).collect()
}

fn add(a: &Rows, b: &Rows) -> Rows {
    a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a + b).collect()).collect()
}

fn attend(block: &Block, x: &Rows, context: &Rows, mask: &[bool]) -> Rows {
    let attention = &block.attention;
    let Query::Projected { norm, linear: projection } = &attention.query else { panic!("loaders bake no queries") };
    let normal = normalize(norm, x);
    let q = linear(projection, &normal);
    let (keys, mask) = match &attention.norm_kv {
        Some(norm) => (normalize(norm, context), mask.to_vec()),
        None => (normal, vec![true; x.len()]),
    };
    let mut a = heads(attention, &q, &linear(&attention.key, &keys), &linear(&attention.value, &keys), &mask);
    a = linear(&attention.output, &a);
    if attention.residual {
        a = add(&a, x);
    }
    let Some(mlp) = &block.mlp else { return a };
    let mut hidden = linear(&mlp.up, &normalize(&mlp.norm, &a));
    hidden.iter_mut().flatten().for_each(|x| *x = activate(mlp.activation, *x));
    add(&a, &linear(&mlp.down, &hidden))
}

fn heads(attention: &Attention, q: &Rows, k: &Rows, v: &Rows, mask: &[bool]) -> Rows {
    let (qk, width) = (attention.qk / attention.heads, attention.v / attention.heads);
    let one = |q: &[f64], head: usize| -> Vec<f64> {
        let part = head * qk..(head + 1) * qk;
        let score = |k: &Vec<f64>| -> f64 {
            q[part.clone()].iter().zip(&k[part.clone()]).map(|(q, k)| q * k).sum::<f64>() * attention.scale
        };
        let scores: Vec<f64> =
            k.iter().zip(mask).map(|(k, keep)| if *keep { score(k) } else { f64::NEG_INFINITY }).collect();
        let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
        let total: f64 = weights.iter().sum();
        let mean =
            |i: usize| weights.iter().zip(v).map(|(weight, v)| weight * v[head * width + i]).sum::<f64>() / total;
        (0..width).map(mean).collect()
    };
    q.iter().map(|q| (0..attention.heads).flat_map(|head| one(q, head)).collect()).collect()
}

fn activate(activation: Activation, x: f64) -> f64 {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    match activation {
        Activation::Identity => x,
        Activation::GeluErf => 0.5 * x * (1.0 + erf(x / std::f64::consts::SQRT_2)),
        Activation::GeluTanh => {
            0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh())
        }
        Activation::QuickGelu => x * sigmoid(1.702 * x),
        Activation::Relu => x.max(0.0),
        Activation::SquaredRelu => x.max(0.0).powi(2),
        Activation::Silu => x * sigmoid(x),
        Activation::Tanh => x.tanh(),
    }
}

/// The Taylor series. Its terms cancel where the function is flat, so beyond 4 it is ±1, which is within 2e-8.
fn erf(x: f64) -> f64 {
    if x.abs() > 4.0 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..200 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}

/// Every position's features, from the per-axis tables.
fn features(fourier: &Fourier) -> Rows {
    let (tables, bands) = (fourier_tables(fourier), fourier.bands);
    let entry = 1 + 2 * bands;
    let starts: Vec<usize> =
        fourier.shape.iter().scan(0, |at, n| Some(std::mem::replace(at, *at + n * entry))).collect();
    let one = |mut flat: usize| {
        let mut index = vec![0; fourier.shape.len()];
        for (axis, n) in fourier.shape.iter().enumerate().rev() {
            (index[axis], flat) = (flat % n, flat / n);
        }
        let of = |axis: usize| &tables[starts[axis] + index[axis] * entry..][..entry];
        let axes = 0..fourier.shape.len();
        let mut row: Vec<f32> = Vec::new();
        row.extend(axes.clone().filter(|_| fourier.with_position).map(|axis| of(axis)[0]));
        axes.clone().for_each(|axis| row.extend(&of(axis)[1..=bands]));
        axes.filter(|_| !fourier.sine_only).for_each(|axis| row.extend(&of(axis)[1 + bands..]));
        row.into_iter().map(f64::from).collect()
    };
    (0..fourier.positions()).map(one).collect()
}

fn encode(input: &Input, sample: &Sample) -> Rows {
    let mut x = match (&input.stem, sample) {
        (Stem::Ids { embedding, .. }, Sample::Ids(ids, _)) => {
            let table = rows(embedding);
            ids.iter().map(|&id| table[id].clone()).collect()
        }
        (stem, Sample::Numbers(numbers)) => windows(stem, input, numbers),
        _ => panic!("ids for an input of numbers"),
    };
    if let Some(layer) = &input.project {
        x = linear(layer, &x);
    }
    if let Some(tail) = &input.tail {
        x = convolution_tail(tail, &input.stem.grid(), x);
    }
    if let Some(position) = &input.position {
        let mut encoding = match &position.encoding {
            Encoding::Learned(table) => rows(table),
            Encoding::Fourier(fourier) => features(fourier),
        };
        encoding.truncate(x.len());
        if let Some(layer) = &position.project {
            encoding = linear(layer, &encoding);
        }
        x = match position.combine {
            Combine::Add => add(&x, &encoding),
            Combine::Concat => x.into_iter().zip(encoding).map(|(x, p)| [x, p].concat()).collect(),
        };
    }
    let padding = vector(input.padding.as_ref(), 0, 0.0);
    x.into_iter().map(|row| [row, padding.clone()].concat()).collect()
}

fn windows(stem: &Stem, input: &Input, numbers: &[f64]) -> Rows {
    let scaled = |number: f64, channel: usize| {
        let scale = input.scale.as_ref();
        scale.map_or(number, |s| (number - f64::from(s.offset[channel])) * f64::from(s.gain[channel]))
    };
    let Stem::Image { height, width, channels, layout, window } = *stem else {
        let channels = stem.channels();
        let numbers: Vec<f64> = numbers.iter().enumerate().map(|(i, x)| scaled(*x, i % channels)).collect();
        return numbers.chunks_exact(stem.width()).map(<[f64]>::to_vec).collect();
    };
    let pixel = |row: isize, column: isize, channel: usize| {
        let (Ok(y), Ok(x)) = (usize::try_from(row), usize::try_from(column)) else { return 0.0 };
        if y >= height || x >= width {
            return 0.0;
        }
        let at = match layout {
            Layout::ChannelsFirst => (channel * height + y) * width + x,
            Layout::ChannelsLast => (y * width + x) * channels + channel,
        };
        scaled(numbers[at], channel)
    };
    let corner = |index: usize| (index * window.stride) as isize - window.pad as isize;
    let mut tokens = Rows::new();
    for (y, x) in (0..window.count(height)).flat_map(|y| (0..window.count(width)).map(move |x| (y, x))) {
        let mut token = Vec::new();
        for (i, j) in (0..window.kernel).flat_map(|i| (0..window.kernel).map(move |j| (i, j))) {
            token.extend((0..channels).map(|c| pixel(corner(y) + i as isize, corner(x) + j as isize, c)));
        }
        tokens.push(token);
    }
    tokens
}

fn convolution_tail(tail: &ConvTail, grid: &[usize], mut x: Rows) -> Rows {
    for (channel, number) in x.iter_mut().flat_map(|row| row.iter_mut().enumerate()) {
        if let Some(norm) = &tail.batch_norm {
            let of = |tensor: &Tensor| f64::from(tensor.data[channel]);
            *number =
                (*number - of(&norm.mean)) / (of(&norm.variance) + norm.eps).sqrt() * of(&norm.gain) + of(&norm.offset);
        }
        *number = activate(tail.activation, *number);
    }
    let Some(pool) = tail.pool else { return x };
    let (height, width) = (pool.count(grid[0]), pool.count(grid[1]));
    let most = |y: usize, x0: usize, channel: usize| {
        let cells =
            (0..pool.kernel).flat_map(|i| (0..pool.kernel).map(move |j| (y * pool.stride + i, x0 * pool.stride + j)));
        cells.map(|(i, j)| x[i * grid[1] + j][channel]).fold(f64::NEG_INFINITY, f64::max)
    };
    let cells = (0..height).flat_map(|y| (0..width).map(move |x| (y, x)));
    cells.map(|(y, x0)| (0..x[0].len()).map(|channel| most(y, x0, channel)).collect()).collect()
}
