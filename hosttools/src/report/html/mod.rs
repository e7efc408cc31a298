//! A comparison as one HTML file: no scripts, nothing to load, for light and dark, keyboards and screen readers.

mod accuracy;
mod chart;
mod lengths;
mod memory;
mod page;
mod provenance;
mod size;
mod timing;

use super::comparison::Comparison;
use super::peers::Peers;
use crate::picture::Picture;
pub(crate) use chart::{Bar, bars};
pub(crate) use page::{Section, escape, figure, page};
use percio_codegen_core::program::Program;
pub(crate) use timing::Timing;

/// All that the page shows.
pub(crate) struct Page<'a> {
    pub(crate) report: &'a Comparison,
    pub(crate) program: &'a Program,
    pub(crate) timings: &'a [Timing],
    pub(crate) pictures: &'a [Picture],
    pub(crate) peers: &'a [Peers],
}

impl Page<'_> {
    /// The file.
    pub(crate) fn html(&self) -> String {
        let Self { report, program, timings, pictures, peers } = self;
        let sections = [
            accuracy::outputs(report),
            accuracy::drift(report),
            accuracy::histogram(report),
            memory::section(program),
            lengths::section(peers),
            size::flash(program),
            size::macs(program),
            timing::section(timings, peers, program.macs()),
            attention(pictures),
            provenance::section(report, program),
        ];
        let sections: Vec<Section> = sections.into_iter().flatten().collect();
        let (passed, class) = if report.passed { ("passed", "good") } else { ("failed", "bad") };
        let of = report.runs.iter().map(|run| escape(&run.title())).collect::<Vec<_>>().join(", ");
        let lead = format!(
            "<p class=lead><strong class={class}>{passed}</strong> {} samples on {of}; weights {}; allowed {:e} of the largest \
             number of the reference.</p>{}",
            report.samples,
            escape(&report.rest.weights),
            report.bound,
            report.rest.remarks.iter().map(|remark| format!("<p class=bad>{}</p>", escape(remark))).collect::<String>(),
        );
        page(&format!("{}: device and reference", program.name), &lead, &sections)
    }
}

fn attention(pictures: &[Picture]) -> Option<Section> {
    let figures: String = pictures.iter().map(figure).collect();
    let body = format!(
        "<p>What each attention weighs in the first sample, all heads together: a row asks, a column is asked, and the brighter \
         the more it counts.</p><div class=gallery>{figures}</div>"
    );
    (!pictures.is_empty()).then(|| Section::new("attention", "Attention", body))
}
