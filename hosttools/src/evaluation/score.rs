//! Metrics: sums over samples, and what they come to.

use super::truth::Truth;
use crate::labels::best;
use percio_codegen_core::program::Output;
use serde::Serialize;

/// How an output is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// The share of rows whose largest number is at the right class.
    Accuracy,
    /// The names of the rows' classes, one after the other, are a sequence; the edits that make it the right one, as a share of
    /// the right one's length, and the share of sequences that need none.
    SequenceError,
    /// The mean Euclidean distance of rows from the right ones.
    EndPointError,
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// What is measured.
    pub name: &'static str,
    /// The figure: a share, or a distance in the output's own unit.
    pub value: f64,
    /// Rows, symbols or sequences that it is the mean of.
    pub count: u64,
    /// Whether it is a share, shown in percent.
    pub is_share: bool,
}

/// Sums over the samples of one output.
#[derive(Clone, Debug)]
pub struct Tally<'a> {
    output: &'a Output,
    truth: &'a Truth,
    /// Rows that are right, or edits, or distances.
    sum: f64,
    /// What `sum` is divided by.
    count: u64,
    sequences: u64,
    right_sequences: u64,
}

impl Metric {
    /// The names that the metadata's `metric` takes.
    pub const NAMES: [&'static str; 3] = ["accuracy", "sequence_error", "end_point_error"];

    /// The metric called `name`; `Some(None)` without a name, None for one that is not known.
    #[must_use]
    pub fn named(name: Option<&str>) -> Option<Option<Self>> {
        let metrics = [Self::Accuracy, Self::SequenceError, Self::EndPointError];
        match name {
            None => Some(None),
            Some(name) => Self::NAMES.iter().zip(metrics).find(|(known, _)| **known == name).map(|(_, it)| Some(it)),
        }
    }
}

impl<'a> Tally<'a> {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(output: &'a Output, truth: &'a Truth) -> Self {
        Self { output, truth, sum: 0.0, count: 0, sequences: 0, right_sequences: 0 }
    }

    /// Counts what was computed for the sample at `sample`.
    pub fn add(&mut self, sample: usize, computed: &[f32]) {
        match self.truth {
            Truth::Classes(Metric::SequenceError, classes) => self.add_sequence(computed, &classes[sample]),
            Truth::Classes(_, classes) => self.add_classes(computed, &classes[sample]),
            Truth::Numbers(numbers) => self.add_rows(computed, &numbers[sample]),
        }
    }

    fn rows<'b>(&self, numbers: &'b [f32]) -> std::slice::Chunks<'b, f32> {
        numbers.chunks(self.output.width.max(1))
    }

    fn add_classes(&mut self, computed: &[f32], classes: &[i64]) {
        for (row, &class) in self.rows(computed).zip(classes).filter(|&(_, &class)| class >= 0) {
            self.count += 1;
            self.sum += f64::from(u8::from(best(row).is_some_and(|best| best as i64 == class)));
        }
    }

    fn add_sequence(&mut self, computed: &[f32], classes: &[i64]) {
        let told: Vec<i64> = self.rows(computed).map(|row| best(row).map_or(-1, |best| best as i64)).collect();
        let (told, right) = (self.symbols(&told), self.symbols(classes));
        let edits = edits(&told, &right);
        self.sum += edits as f64;
        self.count += right.len() as u64;
        self.sequences += 1;
        self.right_sequences += u64::from(edits == 0);
    }

    /// The words of the classes' names, without the one that stands for nothing.
    fn symbols(&self, classes: &[i64]) -> Vec<&'a str> {
        let labels = &self.output.labels;
        let names = classes.iter().filter_map(|&class| labels.get(usize::try_from(class).ok()?));
        names.flat_map(|name| name.split(' ')).filter(|symbol| *symbol != "_").collect()
    }

    fn add_rows(&mut self, computed: &[f32], right: &[f32]) {
        for (row, right) in
            self.rows(computed).zip(self.rows(right)).filter(|(_, right)| !right.iter().any(|n| n.is_nan()))
        {
            let squares = row.iter().zip(right).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2));
            self.sum += squares.sum::<f64>().sqrt();
            self.count += 1;
        }
    }

    /// The figures; the first is the one that the metric is called after.
    #[must_use]
    pub fn scores(&self) -> Vec<Score> {
        let score = |name, value, count, is_share| Score { name, value, count, is_share };
        let mean = self.sum / self.count as f64;
        match self.truth {
            Truth::Classes(Metric::SequenceError, _) => {
                let right = self.right_sequences as f64 / self.sequences as f64;
                vec![
                    score("sequence_error", mean, self.count, true),
                    score("right_sequences", right, self.sequences, true),
                ]
            }
            Truth::Classes(..) => vec![score("accuracy", mean, self.count, true)],
            Truth::Numbers(_) => vec![score("end_point_error", mean, self.count, false)],
        }
    }
}

/// The least insertions, deletions and replacements that make one sequence the other.
fn edits(a: &[&str], b: &[&str]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, one) in a.iter().enumerate() {
        let mut before = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in b.iter().enumerate() {
            let replaced = before + usize::from(one != other);
            before = row[j + 1];
            row[j + 1] = replaced.min(before + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use percio_codegen_core::program::Count;

    fn output(width: usize, labels: &[&str]) -> Output {
        let labels = labels.iter().map(|&label| label.to_owned()).collect();
        Output { name: "out".to_owned(), rows: 2, count: Count::fixed(2), width, axes: Vec::new(), labels }
    }

    #[test]
    fn edits_by_hand() {
        for (a, b, wanted) in [
            ("", "", 0),
            ("a b c", "a b c", 0),
            ("a", "a b c", 2),
            ("a b c", "b", 2),
            ("k i t t e n", "s i t t i n g", 3),
        ] {
            let (a, b): (Vec<&str>, Vec<&str>) = (a.split_whitespace().collect(), b.split_whitespace().collect());
            assert_eq!(edits(&a, &b), wanted, "{a:?} {b:?}");
        }
    }

    #[test]
    fn rows_without_a_class_do_not_count() {
        let (output, truth) = (output(2, &[]), Truth::Classes(Metric::Accuracy, vec![vec![1, -1], vec![0, 0]]));
        let mut tally = Tally::new(&output, &truth);
        tally.add(0, &[0.0, 1.0, 5.0, 4.0]);
        tally.add(1, &[0.0, 1.0, f32::NAN, 1.0]);
        assert_eq!((tally.scores()[0].value, tally.scores()[0].count), (1.0 / 3.0, 3));
    }

    #[test]
    fn sequences_are_the_names_of_classes_without_the_empty_one() {
        let (output, truth) =
            (output(3, &["_", "K S", "T"]), Truth::Classes(Metric::SequenceError, vec![vec![1, 2], vec![0, 2]]));
        let mut tally = Tally::new(&output, &truth);
        tally.add(0, &[9.0, 0.0, 0.0, 0.0, 0.0, 9.0]); // `T` for `K S T`: two edits
        tally.add(1, &[0.0, 0.0, 9.0, 9.0, 0.0, 0.0]); // `T` for `T`
        let scores: Vec<(&str, f64, u64)> = tally.scores().iter().map(|s| (s.name, s.value, s.count)).collect();
        assert_eq!(scores, [("sequence_error", 0.5, 4), ("right_sequences", 0.5, 2)]);
    }

    #[test]
    fn distances_are_of_rows_whose_truth_is_known() {
        let (output, truth) = (output(2, &[]), Truth::Numbers(vec![vec![3.0, 4.0, f32::NAN, 0.0]]));
        let mut tally = Tally::new(&output, &truth);
        tally.add(0, &[0.0, 0.0, 1.0, 1.0]);
        assert_eq!((tally.scores()[0].value, tally.scores()[0].count), (5.0, 1));
    }

    #[test]
    fn metrics_have_names() {
        assert_eq!(Metric::named(None), Some(None));
        assert_eq!(Metric::named(Some("sequence_error")), Some(Some(Metric::SequenceError)));
        assert_eq!(Metric::named(Some("beauty")), None);
    }
}
