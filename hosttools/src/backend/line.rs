//! A line to a board: a serial port or a TCP connection, read with a limit of time.

use anyhow::{Context, Result, bail, ensure};
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Bits a second of a serial port, unless its name says otherwise.
const BAUD: u32 = 115_200;
/// Bytes read at a time.
const CHUNK: usize = 4096;

/// Where a board is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    name: String,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Serial { device: String, baud: u32 },
    Tcp(String),
}

impl Line {
    /// Reads `serial:DEVICE`, `serial:DEVICE@BAUD` or `tcp:HOST:PORT`.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self> {
        let place = match text.split_once(':') {
            Some(("serial", device)) if !device.is_empty() => match device.rsplit_once('@') {
                Some((device, baud)) => {
                    let baud = baud.parse().ok().filter(|&baud| baud > 0);
                    let baud =
                        baud.with_context(|| format!("`{text}`: expected bits a second after @, for example 921600"))?;
                    Place::Serial { device: device.to_owned(), baud }
                }
                None => Place::Serial { device: device.to_owned(), baud: BAUD },
            },
            Some(("tcp", address)) if address.contains(':') => Place::Tcp(address.to_owned()),
            _ => bail!("`{text}` is no back end"),
        };
        Ok(Self { name: text.to_owned(), place })
    }

    /// As it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Opens the line.
    ///
    /// # Errors
    /// When there is nothing, or it may not be opened.
    pub(super) fn open(&self) -> Result<Open> {
        match &self.place {
            Place::Serial { device, baud } => {
                set_up(device, *baud)?;
                let port = OpenOptions::new().read(true).write(true).open(device);
                let port = port.with_context(|| format!("cannot open `{device}`"))?;
                let reader = port.try_clone().with_context(|| format!("cannot read `{device}`"))?;
                Ok(Open::new(reader, port))
            }
            Place::Tcp(address) => {
                let stream = TcpStream::connect(address).with_context(|| format!("nothing answers at `{address}`"))?;
                // Requests are whole when they are written.
                stream.set_nodelay(true).with_context(|| format!("cannot set up the connection to `{address}`"))?;
                let reader = stream.try_clone().with_context(|| format!("cannot read from `{address}`"))?;
                Ok(Open::new(reader, stream))
            }
        }
    }
}

/// Lets a serial port hand on bytes as they are.
fn set_up(device: &str, baud: u32) -> Result<()> {
    let flag = if cfg!(target_os = "macos") { "-f" } else { "-F" };
    let settings = [flag, device, &baud.to_string(), "raw", "-echo", "cs8", "-cstopb", "-parenb", "clocal"];
    let output = Command::new("stty").args(settings).output();
    let output = output.context("cannot run `stty`, which sets up serial ports: on other systems let a program pass the port on to tcp:HOST:PORT")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{device}` cannot be set up as a serial port: {}", said.trim_end());
    Ok(())
}

/// An open line.
pub(super) struct Open {
    writer: Box<dyn Write + Send>,
    /// What has arrived: a thread waits for it, so that waiting can end.
    arrived: Receiver<Vec<u8>>,
    rest: Vec<u8>,
}

impl Open {
    fn new(mut reader: impl Read + Send + 'static, writer: impl Write + Send + 'static) -> Self {
        let (sender, arrived) = channel();
        thread::spawn(move || {
            let mut bytes = [0; CHUNK];
            // It ends with the line, or when nobody listens any more.
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { writer: Box::new(writer), arrived, rest: Vec::new() }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.writer.write_all(bytes).and_then(|()| self.writer.flush()).context("the line to the board is closed")
    }

    /// The next line of text, without its end; none when nothing more has come within `patience`.
    pub(super) fn read_line(&mut self, patience: Duration) -> Result<Option<Vec<u8>>> {
        let until = Instant::now() + patience;
        loop {
            if let Some(end) = self.rest.iter().position(|&byte| byte == b'\n') {
                let rest = self.rest.split_off(end + 1);
                let mut line = std::mem::replace(&mut self.rest, rest);
                line.truncate(end);
                return Ok(Some(line));
            }
            match self.arrived.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.rest.extend(bytes),
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => bail!("the line to the board was closed at its other end"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_names() {
        let serial = |device: &str, baud| Place::Serial { device: device.to_owned(), baud };
        for (text, place) in [
            ("serial:/dev/ttyACM0", serial("/dev/ttyACM0", 115_200)),
            ("serial:/dev/serial/by-id/usb-x:1@921600", serial("/dev/serial/by-id/usb-x:1", 921_600)),
            ("tcp:127.0.0.1:4000", Place::Tcp("127.0.0.1:4000".to_owned())),
        ] {
            let line = Line::parse(text).expect(text);
            assert_eq!((line.name(), &line.place), (text, &place));
        }
        for wrong in ["", "qemu", "serial:", "serial:/dev/tty@fast", "tcp:localhost", "tcp"] {
            assert!(Line::parse(wrong).is_err(), "{wrong}");
        }
    }
}
