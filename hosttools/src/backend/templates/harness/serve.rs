//! Answers requests that arrive over a line, one after the other.
//!
//! A request: `PRC1`, its number, a command, a count of bytes, so many bytes of a sample, and the CRC-32 of all that follows `PRC1`;
//! numbers are u32s, little-endian. An answer is text, a line feed after each line: `percio` and the number of the request, what
//! belongs to the command, `end` and the CRC-32 of the lines before; numbers are eight hexadecimal digits. Command 0 answers with
//! `numbers` and the bits of each output, command 1 with `ticks` of an inference and how many are `a second`, all others with `isa`
//! and `model`, the checksum of its weights. What is wrong with a request is said after `refused`.

use crate::feed::{self, Feed};
use crate::model::Net;
use crate::sample::Bytes;
use core::hint::black_box;

const MAGIC: u32 = u32::from_le_bytes(*b"PRC1");
const INFER: u32 = 0;
const TIME: u32 = 1;
/// Bytes of the longest sample.
const LONGEST: usize = {longest};
/// Outputs on a line.
const NUMBERS: usize = 8;

/// A line to the host: a UART, a serial port over USB.
pub trait Port {
    /// Steps of [`ticks`](Self::ticks) in a second.
    const TICKS_A_SECOND: u32 = 0;

    /// Waits for the next byte.
    fn read(&mut self) -> u8;

    /// Sends a byte; may wait until there is room.
    fn write(&mut self, byte: u8);

    /// A counter that goes up and begins again after `u32::MAX`, if there is one.
    fn ticks(&mut self) -> u32 {
        0
    }
}

/// The model with room for a request. It is meant to be a static.
pub struct Harness {
    net: Net,
    feed: Feed,
    sample: [u8; LONGEST],
}

impl Harness {
    /// Nothing has been asked yet.
    pub const fn new() -> Self {
        Self { net: Net::new(), feed: Feed::EMPTY, sample: [0; LONGEST] }
    }

    /// Answers requests for ever.
    pub fn serve<P: Port>(&mut self, port: &mut P) -> ! {
        loop {
            self.answer(port);
        }
    }

    /// Waits for a request and answers it.
    pub fn answer<P: Port>(&mut self, port: &mut P) {
        let mut last = 0;
        // Whatever else is on the line before a request is not for us.
        while last != MAGIC {
            last = last >> 8 | u32::from(port.read()) << 24;
        }
        let mut sum = Sum::default();
        let [number, command, length] = [(); 3].map(|()| word(port, &mut sum));
        let Some(sample) = self.sample.get_mut(..length as usize) else {
            return Answer::begin(port, number).refuse("it is longer than a sample of this model");
        };
        sample.iter_mut().for_each(|byte| *byte = sum.take(port.read()));
        let found = sum.value();
        let is_whole = word(port, &mut sum) == found;
        let mut answer = Answer::begin(port, number);
        if !is_whole {
            return answer.refuse("it arrived damaged: lower the speed of the port");
        }
        if command == INFER || command == TIME {
            self.feed.read(&mut Bytes(&self.sample[..length as usize]));
        }
        match command {
            INFER => feed::outputs(self.feed.infer(&mut self.net), &mut |numbers| {
                numbers.chunks(NUMBERS).for_each(|numbers| answer.numbers(numbers));
            }),
            TIME => {
                let before = answer.port.ticks();
                black_box(self.feed.infer(black_box(&mut self.net)));
                let ticks = answer.port.ticks().wrapping_sub(before);
                answer.word("ticks ", ticks);
                answer.word("a second ", P::TICKS_A_SECOND);
            }
            _ => {
                answer.text("isa ");
                answer.text(percio::isa::name());
                answer.text("\n");
                answer.word("model ", <Net as percio::Model>::CHECKSUM);
            }
        }
        answer.end();
    }
}

fn word<P: Port>(port: &mut P, sum: &mut Sum) -> u32 {
    u32::from_le_bytes([(); 4].map(|()| sum.take(port.read())))
}

/// An answer that is being sent.
struct Answer<'p, P> {
    port: &'p mut P,
    sum: Sum,
}

impl<'p, P: Port> Answer<'p, P> {
    fn begin(port: &'p mut P, number: u32) -> Self {
        let mut answer = Self { port, sum: Sum::default() };
        answer.word("percio ", number);
        answer
    }

    fn text(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.port.write(self.sum.take(byte)));
    }

    fn digits(&mut self, word: u32) {
        for place in (0..8).rev() {
            let digit = (word >> (4 * place) & 15) as u8;
            let letter = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
            self.port.write(self.sum.take(letter));
        }
    }

    /// A line.
    fn word(&mut self, what: &str, word: u32) {
        self.text(what);
        self.digits(word);
        self.text("\n");
    }

    fn numbers(&mut self, numbers: &[f32]) {
        self.text("numbers");
        for number in numbers {
            self.text(" ");
            self.digits(number.to_bits());
        }
        self.text("\n");
    }

    fn refuse(mut self, why: &str) {
        self.text("refused ");
        self.text(why);
        self.text("\n");
        self.end();
    }

    fn end(mut self) {
        let sum = self.sum.value();
        self.word("end ", sum);
    }
}

/// CRC-32, bit by bit: a table is not worth its flash here.
struct Sum(u32);

impl Default for Sum {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

impl Sum {
    /// Takes in a byte, which it gives back.
    fn take(&mut self, byte: u8) -> u8 {
        self.0 ^= u32::from(byte);
        for _ in 0..8 {
            self.0 = self.0 >> 1 ^ if self.0 & 1 == 1 { 0xEDB8_8320 } else { 0 };
        }
        byte
    }

    fn value(&self) -> u32 {
        !self.0
    }
}
