//! What is counted and summed while numbers are compared: enough to tell every distance, and to add shards up.

use super::exact::Exact;
use super::ulp::{BUCKETS, bucket};
use crate::labels::{best, is_among_best};
use serde::{Deserialize, Deserializer, Serialize};

/// Classes among which the reference's best one has to be for `top5_agreement`.
const FEW: usize = 5;

/// The place with the largest difference. A number that is not finite is `null` in JSON.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Worst {
    /// The sample, counted over the whole reference.
    pub sample: usize,
    /// The row: a token, a latent, a query.
    pub row: usize,
    /// The number in that row.
    pub column: usize,
    /// What was computed.
    #[serde(deserialize_with = "nan")]
    pub computed: f32,
    /// What the reference says.
    #[serde(deserialize_with = "nan")]
    pub reference: f32,
}

/// Sums over all numbers and counts over all rows of some samples. Adding tallies of disjoint samples gives the tally of
/// all of them, bit for bit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tally {
    /// Numbers compared.
    pub(super) numbers: u64,
    /// Rows compared.
    pub(super) rows: u64,
    /// Rows whose largest number is at the same place in both.
    pub(super) top1: u64,
    /// Rows where the reference's largest number is among the largest five.
    pub(super) top5: u64,
    /// Rows that count for accuracy: those with a label.
    pub(super) labelled: u64,
    /// Of them, rows whose largest number is at their label.
    pub(super) right: u64,
    /// Of them, rows of the reference whose largest number is.
    pub(super) reference_right: u64,
    #[serde(deserialize_with = "nan_f64")]
    pub(super) max_abs: f64,
    #[serde(deserialize_with = "nan_f64")]
    pub(super) max_ref: f64,
    pub(super) worst: Worst,
    pub(super) squared_error: Exact,
    pub(super) squared_reference: Exact,
    pub(super) squared_computed: Exact,
    pub(super) product: Exact,
    /// Samples, and the sums of their relative L2 distances and of the squares of those.
    pub(super) samples: u64,
    pub(super) sample_errors: Exact,
    pub(super) squared_sample_errors: Exact,
    /// Numbers by their distance in units of the last place; see [`super::ulp`].
    pub(super) ulps: Vec<u64>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            numbers: 0,
            rows: 0,
            top1: 0,
            top5: 0,
            labelled: 0,
            right: 0,
            reference_right: 0,
            max_abs: 0.0,
            max_ref: 0.0,
            worst: Worst::default(),
            squared_error: Exact::default(),
            squared_reference: Exact::default(),
            squared_computed: Exact::default(),
            product: Exact::default(),
            samples: 0,
            sample_errors: Exact::default(),
            squared_sample_errors: Exact::default(),
            ulps: vec![0; BUCKETS],
        }
    }
}

impl Tally {
    /// The place with the largest difference.
    #[must_use]
    pub fn worst(&self) -> Worst {
        self.worst
    }

    /// Numbers by their distance in units of the last place, a bucket of [`super::ulp`] each.
    #[must_use]
    pub fn ulps(&self) -> &[u64] {
        &self.ulps
    }

    /// Takes in the rows of `width` numbers of one sample.
    pub fn add(&mut self, sample: usize, computed: &[f32], reference: &[f32], width: usize) {
        let width = width.max(1);
        let mut sums = [0.0; 4];
        for (index, (&computed, &reference)) in computed.iter().zip(reference).enumerate() {
            let place = Worst { sample, row: index / width, column: index % width, computed, reference };
            self.number(place, &mut sums);
        }
        let [error, of_reference, of_computed, product] = sums;
        self.squared_error.add(error);
        self.squared_reference.add(of_reference);
        self.squared_computed.add(of_computed);
        self.product.add(product);
        self.samples += 1;
        let relative = if error == 0.0 { 0.0 } else { error / of_reference };
        self.sample_errors.add(relative.sqrt());
        self.squared_sample_errors.add(relative);
        for (computed, reference) in computed.chunks(width).zip(reference.chunks(width)) {
            self.rows += 1;
            let (ours, theirs) = (best(computed), best(reference));
            self.top1 += u64::from(ours.is_some() && ours == theirs);
            self.top5 += u64::from(theirs.is_some_and(|theirs| is_among_best(computed, theirs, FEW)));
        }
    }

    fn number(&mut self, place: Worst, sums: &mut [f64; 4]) {
        let (computed, reference) = (f64::from(place.computed), f64::from(place.reference));
        let error = computed - reference;
        // What is no number stays: no later difference is larger.
        if error.abs() > self.max_abs || !error.is_finite() && !self.max_abs.is_nan() {
            self.max_abs = if error.is_finite() { error.abs() } else { f64::NAN };
            self.worst = place;
        }
        self.max_ref = self.max_ref.max(reference.abs());
        self.numbers += 1;
        self.ulps[bucket(place.computed, place.reference)] += 1;
        let parts = [error * error, reference * reference, computed * computed, computed * reference];
        sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
    }

    /// Takes in the labels of one sample: for each row its class, negative where the row does not count.
    pub fn label(&mut self, computed: &[f32], reference: &[f32], labels: &[i64], width: usize) {
        let rows = computed.chunks(width.max(1)).zip(reference.chunks(width.max(1)));
        for ((computed, reference), &label) in rows.zip(labels).filter(|&(_, &label)| label >= 0) {
            let is_right = |row| best(row).is_some_and(|best| best as i64 == label);
            self.labelled += 1;
            self.right += u64::from(is_right(computed));
            self.reference_right += u64::from(is_right(reference));
        }
    }

    /// Adds the tally of other samples.
    pub fn merge(&mut self, other: &Self) {
        let is_worse = other.max_abs > self.max_abs || other.max_abs.is_nan() && !self.max_abs.is_nan();
        let is_alike = other.max_abs == self.max_abs || other.max_abs.is_nan() && self.max_abs.is_nan();
        if is_worse || is_alike && other.worst.sample < self.worst.sample {
            (self.max_abs, self.worst) = (other.max_abs, other.worst);
        }
        self.max_ref = self.max_ref.max(other.max_ref);
        for (sum, part) in [
            (&mut self.numbers, other.numbers),
            (&mut self.rows, other.rows),
            (&mut self.top1, other.top1),
            (&mut self.top5, other.top5),
            (&mut self.labelled, other.labelled),
            (&mut self.right, other.right),
            (&mut self.reference_right, other.reference_right),
            (&mut self.samples, other.samples),
        ] {
            *sum += part;
        }
        for (sum, part) in [
            (&mut self.squared_error, &other.squared_error),
            (&mut self.squared_reference, &other.squared_reference),
            (&mut self.squared_computed, &other.squared_computed),
            (&mut self.product, &other.product),
            (&mut self.sample_errors, &other.sample_errors),
            (&mut self.squared_sample_errors, &other.squared_sample_errors),
        ] {
            sum.merge(part);
        }
        self.ulps.iter_mut().zip(&other.ulps).for_each(|(sum, part)| *sum += part);
    }
}

fn nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
    Ok(Option::<f32>::deserialize(deserializer)?.unwrap_or(f32::NAN))
}

fn nan_f64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
}
