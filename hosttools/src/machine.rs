//! What this machine is, and what day it is: what a record of times has to say.

use serde::{Deserialize, Serialize};
use std::fs;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

/// This machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// As the system calls it; the architecture where it does not.
    pub(crate) processor: String,
    /// Threads that run at the same time.
    pub(crate) threads: usize,
}

impl Machine {
    pub(crate) fn here() -> Self {
        let said = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let named = said.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        let processor = named.map_or(std::env::consts::ARCH, |(_, name)| name.trim()).to_owned();
        Self { processor, threads: thread::available_parallelism().map_or(1, usize::from) }
    }
}

/// Today in UTC, as `2026-11-27`.
pub(crate) fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    date(seconds / 86_400)
}

/// The date so many days after the first of January 1970, in the Gregorian calendar.
fn date(days: u64) -> String {
    // Years begin in March here, so that the day that is there only in leap years is the last one. 719,468 days lie between the
    // first of March of the year 0 and 1970.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates() {
        for (days, shown) in [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (20_784, "2026-11-27"),
            (20_818, "2026-12-31"),
            (47_541, "2100-03-01"),
        ] {
            assert_eq!(date(days), shown);
        }
    }

    #[test]
    fn a_machine_has_a_name() {
        let machine = Machine::here();
        assert!(!machine.processor.is_empty() && machine.threads > 0, "{machine:?}");
    }
}
