//! Reports as pages: a browser opens them without a complaint, and nothing in them leads out of the file.

use crate::support::{directory, errors, fixture, percio, text};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

const MODEL: &str = "hf-masked-lm";
const LARGEST: usize = 2 << 20;

/// What chromium says about a page: its document once it is open, and its console. The screenshot stays for people to look at.
struct Seen {
    document: String,
    console: Vec<String>,
    screenshot: PathBuf,
}

impl Seen {
    fn page(path: &Path, name: &str) -> Self {
        let screenshot = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name).with_extension("png");
        let home = directory();
        let open = |rest: &[&str]| {
            let mut command = Command::new("chromium");
            command.args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--enable-logging=stderr",
                "--window-size=1200,3200",
            ]);
            command.arg(format!("--user-data-dir={}", home.path().display())).args(rest);
            let output = command.arg(format!("file://{}", path.display())).output();
            output.expect("chromium is missing: install it with `apt-get install chromium`")
        };
        let dumped = open(&["--dump-dom"]);
        let console = errors(&dumped).lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
        open(&[&format!("--screenshot={}", screenshot.display())]);
        Self { document: String::from_utf8_lossy(&dumped.stdout).into_owned(), console, screenshot }
    }

    /// Everything that a page has to be.
    fn check(&self, sections: &[&str]) {
        assert_eq!(self.console, [""; 0], "the console is quiet");
        let values = |attribute: &str| -> BTreeSet<&str> {
            self.document.split(&format!(" {attribute}=\"")).skip(1).filter_map(|rest| rest.split('"').next()).collect()
        };
        let (ids, links, sources) = (values("id"), values("href"), values("src"));
        for section in sections {
            assert!(
                ids.contains(section) && links.contains(format!("#{section}").as_str()),
                "{section}: {ids:?} {links:?}"
            );
        }
        for link in links.iter().filter(|&&link| link != "data:,") {
            assert!(link.strip_prefix('#').is_some_and(|id| ids.contains(id)), "{link} leads nowhere");
        }
        assert!(sources.iter().all(|source| source.starts_with("data:image/png;base64,")), "pictures are in the file");
        for outside in ["http:", "https:", "<script", "<iframe", "@import", "url("] {
            assert!(!self.document.contains(outside), "{outside}");
        }
        let count = |what: &str| self.document.matches(what).count();
        assert_eq!(count("<img "), count(" alt=\""), "every picture has a text");
        assert_eq!(count("<table>"), count("<caption>"), "every table has a caption");
        assert_eq!(
            count("<svg "),
            count("role=\"img\"") + count("aria-hidden=\"true\""),
            "every drawing has a text, or is one's key"
        );
        assert!(self.document.contains("<html lang=\"en\">") && self.document.contains("prefers-color-scheme: dark"));
        let seen = std::fs::read(&self.screenshot).expect("a screenshot");
        assert!(seen.len() > 20_000, "the screenshot shows something: {}", self.screenshot.display());
    }
}

#[test]
fn a_comparison_is_a_page() {
    let directory = directory();
    let page = directory.path().join("report.html");
    let reference = fixture(MODEL).join("reference-stages.safetensors");
    let reference = text(&reference);
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (memory, times) = (repository.join("benches/record/memory.json"), directory.path().join("times.json"));
    std::fs::write(&times, r#"{"machine": "here", "times": [{"name": "another engine", "microseconds": 12.5}]}"#)
        .expect("the figures");
    let peers = ["--peers", text(&memory), "--peers", text(&times)];
    let options = ["--isa", "scalar", "--reference", reference, "--html", text(&page)];
    let options = [options.as_slice(), &peers].concat();
    let output = percio(&[&["compare", text(&fixture(MODEL)), "--reference", reference], options.as_slice()].concat());
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert!(std::fs::metadata(&page).expect("the page").len() < LARGEST as u64);
    let sections = [
        "accuracy",
        "drift",
        "histogram",
        "memory",
        "lengths",
        "flash",
        "macs",
        "timing",
        "attention",
        "provenance",
        "main",
        "top",
    ];
    let seen = Seen::page(&page, "compare");
    seen.check(&sections[..10]);
    assert!(sections.iter().all(|id| seen.document.contains(&format!("id=\"{id}\""))));
    for said in [
        "encoder.layers.1#2",
        "interpreter on scalar",
        "reference-stages.safetensors",
        "torch 2.15.0",
        "<strong class=\"good\">passed",
        "another engine: 12.5 µs",
        "ONNX Runtime: growth",
    ] {
        assert!(seen.document.contains(said), "{said}");
    }
}

/// One command: the device, the host, narrower weights, and how long each takes.
#[test]
fn a_bundled_model_is_a_page() {
    let directory = directory();
    let page = directory.path().join("motion.html");
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/models/motion");
    let reference = model.join("reference.safetensors");
    let backends = ["--backend", "interpreter,generated,qemu-m4", "--also-weights", "f16", "--html", text(&page)];
    let output = percio(&[&["compare", text(&model), "--reference", text(&reference)], backends.as_slice()].concat());
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert!(std::fs::metadata(&page).expect("the page").len() < LARGEST as u64);
    let seen = Seen::page(&page, "motion");
    seen.check(&["accuracy", "drift", "histogram", "memory", "flash", "macs", "timing", "attention", "provenance"]);
    for said in ["generated on ", "qemu-m4 on cortex-m4", ", f16", "cycles (estimate)"] {
        assert!(seen.document.contains(said), "{said}");
    }
}

#[test]
fn the_inside_of_a_model_is_a_page() {
    let directory = directory();
    let (page, pictures) = (directory.path().join("inside.html"), directory.path().join("pictures"));
    let model = fixture("hf-image-learned");
    let reference = model.join("reference.safetensors");
    let options = ["--html", text(&page), "--png", text(&pictures), "--sample", "1"];
    let output = percio(&[&["inspect", text(&model), "--reference", text(&reference)], options.as_slice()].concat());
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    Seen::page(&page, "inspect").check(&["reads", "attention", "rows", "usage"]);
    let names: BTreeSet<String> = std::fs::read_dir(&pictures)
        .expect("pictures")
        .map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    for name in ["reads-encoder.cross-of-pixel-values.png", "attention-encoder.layers.0.png", "rows-tokens.png"] {
        assert!(names.contains(name), "{names:?}");
    }
    let output = percio(&["inspect", text(&model), "--reference", text(&reference), "--sample", "2"]);
    assert!(errors(&output).starts_with("error: --sample 2: the file has samples 0 to 1"), "{}", errors(&output));
}

#[test]
fn figures_of_other_engines_are_checked() {
    let directory = directory();
    let (page, peers) = (directory.path().join("page.html"), directory.path().join("peers.json"));
    let reference = fixture(MODEL).join("reference.safetensors");
    let with = |figures: &str| {
        std::fs::write(&peers, figures).expect("the figures");
        let options = ["--html", text(&page), "--peers", text(&peers)];
        let output = percio(
            &[&["compare", text(&fixture(MODEL)), "--reference", text(&reference)], options.as_slice()].concat(),
        );
        assert_eq!((output.status.code(), page.exists()), (Some(2), false));
        errors(&output)
    };
    assert!(with("{\"time\": 3}").contains("holds no figures of other engines"));
    let zero = r#"{"times": [{"name": "another", "microseconds": 0}]}"#;
    assert!(with(zero).contains("holds a figure that is not above zero"));
}

#[test]
fn a_page_that_cannot_be_written_leaves_nothing() {
    let directory = directory();
    let reference = fixture(MODEL).join("reference.safetensors");
    let page = directory.path().join("no such directory").join("report.html");
    let compare = |page: &Path| {
        percio(&["compare", text(&fixture(MODEL)), "--reference", text(&reference), "--html", text(page)])
    };
    let output = compare(&page);
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).starts_with("error: cannot write `"), "{}", errors(&output));
    assert_eq!(std::fs::read_dir(directory.path()).expect("a directory").count(), 0);
    let output = compare(Path::new("/dev/full"));
    assert!(errors(&output).starts_with("error: cannot write `/dev/full`: No space left"), "{}", errors(&output));
}

/// The test above hears a page that complains.
#[test]
fn a_complaint_is_heard() {
    let directory = directory();
    let page = directory.path().join("page.html");
    std::fs::write(&page, "<!DOCTYPE html><script>console.error('something is wrong')</script>").expect("the page");
    assert!(Seen::page(&page, "complaint").console.iter().any(|line| line.contains("something is wrong")));
}
