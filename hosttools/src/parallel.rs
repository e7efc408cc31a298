//! Samples that run at the same time, on a thread each or on several.

use anyhow::{Error, Result};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// How threads are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threads {
    /// Samples that run at the same time.
    pub samples: NonZeroUsize,
    /// Most threads that one of them has, on a back end that can use them.
    pub each: NonZeroUsize,
}

impl Threads {
    /// One.
    pub const ONE: Self = Self { samples: NonZeroUsize::MIN, each: NonZeroUsize::MIN };
}

/// As many threads as were asked for, else as there are processors: a sample each, and what is left over to each of them.
pub(crate) fn threads(asked: Option<NonZeroUsize>, samples: usize) -> Threads {
    let threads = asked.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    let samples = NonZeroUsize::new(samples).map_or(NonZeroUsize::MIN, |samples| samples.min(threads));
    Threads { samples, each: NonZeroUsize::new(threads.get() / samples).unwrap_or(NonZeroUsize::MIN) }
}

/// Does `work` for each of `samples`. Each of `workers` has a thread of its own and takes the next sample when it is done with
/// one: which samples it gets is left to chance, so what they make of them has to add up to the same in any order.
///
/// # Errors
/// That of the first sample that fails; those after it may not have run.
pub(crate) fn each_sample<W: Send>(
    workers: &mut [W],
    samples: Range<usize>,
    work: impl Fn(&mut W, usize) -> Result<()> + Sync,
) -> Result<()> {
    let next = AtomicUsize::new(samples.start);
    let take = |worker: &mut W| -> Result<(), (usize, Error)> {
        loop {
            let sample = next.fetch_add(1, Ordering::Relaxed);
            if sample >= samples.end {
                return Ok(());
            }
            work(worker, sample).map_err(|error| {
                next.fetch_max(samples.end, Ordering::Relaxed);
                (sample, error)
            })?;
        }
    };
    let ended: Vec<Result<(), (usize, Error)>> = match workers {
        [only] => vec![take(only)],
        _ => thread::scope(|scope| {
            let started: Vec<_> = workers.iter_mut().map(|worker| scope.spawn(|| take(worker))).collect();
            let ended = started.into_iter().map(thread::ScopedJoinHandle::join);
            ended.map(|ended| ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        }),
    };
    let first = ended.into_iter().filter_map(Result::err).min_by_key(|(sample, _)| *sample);
    first.map_or(Ok(()), |(_, error)| Err(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    #[test]
    fn every_sample_is_done_once() {
        for count in [1, 2, 5] {
            let mut workers = vec![Vec::new(); count];
            each_sample(&mut workers, 3..40, |done, sample| {
                done.push(sample);
                Ok(())
            })
            .expect("nothing fails");
            let mut done = workers.concat();
            done.sort_unstable();
            assert_eq!(done, (3..40).collect::<Vec<_>>(), "{count} workers");
        }
    }

    #[test]
    fn the_first_error_is_told() {
        for count in [1, 3] {
            let failing = |_: &mut (), sample| if sample >= 7 { bail!("sample {sample}") } else { Ok(()) };
            let error = each_sample(&mut vec![(); count], 0..1000, failing).expect_err("most fail");
            assert_eq!(error.to_string(), "sample 7");
        }
    }

    #[test]
    fn no_more_samples_at_once_than_there_are() {
        let of = |asked, samples| {
            let threads = threads(NonZeroUsize::new(asked), samples);
            [threads.samples.get(), threads.each.get()]
        };
        assert_eq!([of(8, 3), of(2, 3), of(4, 1), of(1, 0)], [[3, 2], [2, 1], [1, 4], [1, 1]]);
    }
}
