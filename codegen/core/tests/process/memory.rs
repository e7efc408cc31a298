//! What a process has taken of memory.

use std::fs;

/// Memory of this process in bytes, by the kernel's name of the figure.
pub(crate) fn memory(figure: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(figure)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}
