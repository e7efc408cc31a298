//! A progress bar on standard error, for what takes over a second.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::{Duration, Instant};

/// Progress over a known number of things; invisible for the first second, and always when `quiet`.
pub(crate) struct Progress {
    bar: ProgressBar,
    what: &'static str,
    started: Instant,
    quiet: bool,
}

impl Progress {
    pub(crate) fn new(what: &'static str, count: usize, quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(count as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:40}] {pos}/{len} {eta}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar: bar.with_message(what), what, started: Instant::now(), quiet }
    }

    /// One more is done.
    pub(crate) fn step(&self) {
        if !self.quiet && self.bar.is_hidden() && self.started.elapsed() > Duration::from_secs(1) {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        log::info!("{}: {:.3} s", self.what, self.started.elapsed().as_secs_f64());
    }
}

/// Does `work` with a spinner that says what is going on.
pub(crate) fn busy<T>(what: &'static str, quiet: bool, work: impl FnOnce() -> T) -> T {
    let spinner = if quiet { ProgressBar::hidden() } else { ProgressBar::new_spinner() }.with_message(what);
    spinner.enable_steady_tick(Duration::from_millis(200));
    let started = Instant::now();
    let result = work();
    spinner.finish_and_clear();
    log::info!("{what}: {:.3} s", started.elapsed().as_secs_f64());
    result
}
