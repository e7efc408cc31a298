//! A board at the other end of a line: QEMU's, whose UART is a TCP connection or a serial device of this machine.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

const MANIFEST: &str = r#"
[package]
name = "line-firmware"
version = "0.0.0"
edition = "2024"
publish = false

[dependencies]
cortex-m-rt = { version = "0.7.5", features = ["set-sp", "set-vtor"] }
on-board = { path = "on-board" }

[profile.release]
opt-level = 3
lto = true
codegen-units = 1
panic = "abort"

[workspace]
"#;

/// A directory of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn percio(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_percio")).args(arguments).env_remove("PERCIO_ISA").output().expect("percio starts")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are text")
}

/// The firmware with the model of the fixture, built once.
fn firmware() -> &'static Path {
    static FIRMWARE: OnceLock<PathBuf> = OnceLock::new();
    FIRMWARE.get_or_init(|| {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("line");
        let _ = std::fs::remove_dir_all(place.join("crate"));
        let of = |path: &str| place.join("crate").join(path);
        std::fs::create_dir_all(of("src")).expect("a directory for the firmware");
        let made = percio(&["harness", text(&model()), "-o", text(&of("on-board"))]);
        assert!(made.status.success(), "{}", errors(&made));
        let board = repository("hosttools/boards/mps2-an386");
        let copy =
            |from: PathBuf, to: &str| std::fs::copy(&from, of(to)).unwrap_or_else(|error| panic!("{from:?}: {error}"));
        copy(board.join("memory.x"), "memory.x");
        copy(board.join("board.rs"), "src/board.rs");
        copy(repository("hosttools/src/backend/templates/firmware/build.rs"), "build.rs");
        copy(repository("hosttools/tests/line/firmware.rs"), "src/main.rs");
        copy(repository("Cargo.lock"), "Cargo.lock");
        std::fs::write(of("Cargo.toml"), MANIFEST).expect("the manifest is written");
        let build = Command::new(env!("CARGO"))
            .current_dir(place.join("crate"))
            .env_remove("RUSTFLAGS")
            .env("CARGO_ENCODED_RUSTFLAGS", "-Ctarget-cpu=cortex-m4")
            .args([
                "build",
                "--release",
                "--target",
                "thumbv7em-none-eabihf",
                "--target-dir",
                text(&place.join("target")),
            ])
            .output()
            .expect("cargo starts");
        assert!(build.status.success(), "{}", errors(&build));
        place.join("target/thumbv7em-none-eabihf/release/line-firmware")
    })
}

fn model() -> PathBuf {
    repository("tests/fixtures/native-multi")
}

/// A running board.
struct Board(Child);

impl Board {
    /// Its UART is what `serial` says to QEMU.
    fn start(serial: &str) -> Self {
        let mut command = Command::new("qemu-system-arm");
        command.args(["-machine", "mps2-an386", "-display", "none", "-monitor", "none", "-serial", serial]);
        command.arg("-device").arg(format!("loader,file={},cpu-num=0", firmware().display()));
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        Self(started.expect("qemu-system-arm is missing: install it with `apt-get install qemu-system-arm`"))
    }

    /// At the end of a TCP connection, which is there when this returns.
    fn on_tcp() -> (Self, String) {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
        let board = Self::start(&format!("tcp:{free},server=on,wait=off"));
        let listens = || std::fs::read_to_string("/proc/net/tcp").expect("the table of sockets");
        let port = format!(":{:04X} 00000000:0000 0A", free.port());
        while !listens().contains(&port) {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        (board, format!("tcp:{free}"))
    }

    /// At a serial device that QEMU makes.
    fn on_serial() -> (Self, String) {
        let mut board = Self::start("pty");
        let said = board.0.stdout.take().expect("QEMU says where");
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line).expect("a line");
        let device = line.split_whitespace().find(|word| word.starts_with("/dev/"));
        let device = device.unwrap_or_else(|| panic!("no device: {line}")).to_owned();
        (board, format!("serial:{device}"))
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        // It runs until it is stopped.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn compare(backend: &str, rest: &[&str]) -> Output {
    let (model, reference) = (model(), model().join("reference.safetensors"));
    let arguments =
        ["compare", text(&model), "--reference", text(&reference), "--backend", backend, "--format", "json"];
    percio(&[&arguments, rest].concat())
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", errors(output)))
}

#[test]
fn a_board_on_a_line_computes_what_the_emulated_one_does() {
    let there = compare("qemu-m4", &[]);
    let (_board, line) = Board::on_tcp();
    let here = compare(&line, &[]);
    assert_eq!(here.status.code(), Some(0), "{}", errors(&here));
    let (here, there) = (json(&here), json(&there));
    assert_eq!((&here["outputs"], &here["isa"]), (&there["outputs"], &"cortex-m4".into()));
    assert_eq!(here["backend"], line.as_str());
    // The same line again: the board answers until it is switched off.
    let bench = percio(&["bench", text(&model()), "--backend", &line, "--format", "json"]);
    assert!(json(&bench)["time_ns"]["median"].as_u64().is_some_and(|time| time > 0), "{}", errors(&bench));
}

#[test]
fn a_serial_device_is_a_line() {
    let (_board, line) = Board::on_serial();
    let output = compare(&line, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert_eq!(json(&output)["isa"], "cortex-m4");
}

#[test]
fn another_model_on_the_board_is_told() {
    let (_board, line) = Board::on_tcp();
    let output = compare(&line, &["--weights", "f16"]);
    assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true));
    let said = errors(&output);
    assert!(said.contains(" runs the weights ") && said.contains("with the same --weights"), "{said}");
}

#[test]
fn a_harness_that_would_not_work_is_refused() {
    let place = tempfile::tempdir().expect("a directory");
    let harness = |to: &str, rest: &[&str]| {
        let to = place.path().join(to);
        let output = percio(&[&["harness", text(&model()), "-o", text(&to)], rest].concat());
        (output.status.code(), errors(&output))
    };
    let (code, said) = harness("decoded", &["--outputs", "decoded"]);
    assert!(code == Some(2) && said.contains("leave --outputs out"), "{said}");
    let (code, said) = harness("1st", &[]);
    assert!(code == Some(2) && said.contains("does not end in a name for a crate"), "{said}");
    assert_eq!(std::fs::read_dir(place.path()).expect("a directory").count(), 0, "nothing is left behind");
    assert_eq!(harness("first", &[]).0, Some(0));
    let (code, said) = harness("first", &[]);
    assert!(code == Some(2) && said.contains("is there already: name another directory"), "{said}");
}

#[test]
fn nobody_at_the_other_end_is_told() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let said = errors(&compare(&format!("tcp:{free}"), &[]));
    assert!(said.starts_with(&format!("error: nothing answers at `{free}`")), "{said}");
    let said = errors(&compare("serial:/dev/null", &[]));
    assert!(said.starts_with("error: `/dev/null` cannot be set up as a serial port"), "{said}");
    let said = errors(&compare("qemu-m9", &[]));
    assert!(said.contains("expected one of interpreter, generated, qemu-m4"), "{said}");
}

/// What comes over the line is not believed: one bit of an answer differs.
#[test]
fn a_damaged_answer_is_told() {
    let (_board, line) = Board::on_tcp();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let between = format!("tcp:{}", listener.local_addr().expect("its address"));
    let board = line.strip_prefix("tcp:").expect("a TCP line").to_owned();
    std::thread::spawn(move || {
        let (host, _) = listener.accept().expect("percio connects");
        let board = std::net::TcpStream::connect(board).expect("the board is there");
        let (mut from_host, mut to_board) = (host.try_clone().expect("a stream"), board.try_clone().expect("a stream"));
        std::thread::spawn(move || std::io::copy(&mut from_host, &mut to_board));
        let (mut from_board, mut to_host) = (board, host);
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = from_board.read(&mut bytes) {
            // The first digit of an output.
            if let Some(place) = bytes[..count].windows(9).position(|window| &window[..8] == b"numbers ") {
                bytes[place + 8] ^= 1;
            }
            if to_host.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
    });
    let said = errors(&compare(&between, &[]));
    assert!(said.contains("arrived damaged: lower the speed of the port"), "{said}");
}
