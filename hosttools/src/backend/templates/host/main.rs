//! Runs a generated model on samples from standard input.
//!
//! At the start it writes the name of its instruction set and a line feed. A request is a u32 command, a u32 count of
//! bytes and a sample of so many bytes. Command 0 answers with the numbers of all outputs, command 1 with a u32 count
//! and so many u64 nanoseconds. All numbers are little-endian.

mod feed;
mod model;
mod sample;
mod timing;

use feed::Feed;
use model::Net;
use sample::Bytes;
use std::io::{self, Read, Write};
use std::sync::{Mutex, PoisonError};

// Static, because a model may be larger than a stack.
static NET: Mutex<Net> = Mutex::new(Net::new());
static FEED: Mutex<Feed> = Mutex::new(Feed::EMPTY);

fn main() -> io::Result<()> {
    let mut net = NET.lock().unwrap_or_else(PoisonError::into_inner);
    let mut feed = FEED.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    writeln!(output, "{}", percio::isa::name())?;
    output.flush()?;
    let mut header = [0; 8];
    while input.read_exact(&mut header).is_ok() {
        let [command, length] = [0, 4].map(|at| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]));
        let mut bytes = vec![0; length as usize];
        input.read_exact(&mut bytes)?;
        feed.read(&mut Bytes(&bytes));
        let answer = if command == 0 { outputs(&mut net, &feed) } else { times(&mut net, &feed) };
        output.write_all(&answer)?;
        output.flush()?;
    }
    Ok(())
}

fn outputs(net: &mut Net, feed: &Feed) -> Vec<u8> {
    let mut bytes = Vec::new();
    feed::outputs(feed.infer(net), &mut |numbers| bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes())));
    bytes
}

fn times(net: &mut Net, feed: &Feed) -> Vec<u8> {
    let times = timing::times(|| {
        std::hint::black_box(feed.infer(net));
    });
    let mut bytes = (times.len() as u32).to_le_bytes().to_vec();
    bytes.extend(times.iter().flat_map(|time| (time.as_nanos() as u64).to_le_bytes()));
    bytes
}
