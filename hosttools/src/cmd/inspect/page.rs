//! The pictures of a sample as a page.

use super::Pictures;
use super::usage::Usage;
use crate::picture::Picture;
use crate::report::html::{Bar, Section, bars, escape, figure, page};
use percio_codegen_core::program::Program;

/// The page.
pub(super) fn html(program: &Program, sample: usize, usage: Option<&Usage>, pictures: &Pictures) -> String {
    let sections = [
        gallery(
            "reads",
            "What the encoder reads",
            "Over the layout of the input, all heads together.",
            &pictures.layouts,
        ),
        gallery(
            "attention",
            "Attention",
            "What every attention weighs, all heads together: a row asks, a column is asked, and the brighter the more it counts.",
            &pictures.attention,
        ),
        gallery(
            "rows",
            "Tokens and latents",
            "The rows at each stage: one a token, latent or query. Zero is white where there are numbers below it.",
            &pictures.latents,
        ),
        usage.map(latents),
        gallery("queries", "Similarity of queries", "Red is alike, blue opposite.", &pictures.queries),
    ];
    let lead = format!("<p class=lead>{}</p><p>Sample {sample}.</p>", escape(&program.summary));
    let sections: Vec<Section> = sections.into_iter().flatten().collect();
    page(&format!("Inside {}", program.name), &lead, &sections)
}

fn gallery(id: &'static str, title: &'static str, what: &str, pictures: &[Picture]) -> Option<Section> {
    let figures: String = pictures.iter().map(figure).collect();
    let body = format!("<p>{}</p><div class=gallery>{figures}</div>", escape(what));
    (!pictures.is_empty()).then(|| Section::new(id, title, body))
}

fn latents(usage: &Usage) -> Section {
    let bar = |(latent, &share): (usize, &f64)| Bar {
        label: format!("latent {latent}"),
        value: share,
        text: format!("{:.2} %", 100.0 * share),
    };
    let shown: Vec<Bar> = usage.shares.iter().enumerate().map(bar).collect();
    let even = 100.0 / usage.shares.len().max(1) as f64;
    let body = format!(
        "<p>The share of the decoder's attention that each latent gets; an even one is {even:.2} %. {} of them get less than a tenth \
         of that.</p>{}",
        usage.hardly_used.len(),
        bars("Use of latents by the decoder", &shown)
    );
    Section::new("usage", "Use of latents", body)
}
