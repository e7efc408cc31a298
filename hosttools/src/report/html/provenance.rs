//! Where everything comes from.

use super::super::comparison::Comparison;
use super::super::parts::Origin;
use super::page::{Section, escape};
use percio_codegen_core::program::Program;
use std::collections::BTreeMap;

pub(super) fn section(report: &Comparison, program: &Program) -> Option<Section> {
    let remarks = program.provenance.remarks.join(" ");
    let mut said: Vec<(String, String)> = vec![
        ("model".to_owned(), program.name.clone()),
        ("summary".to_owned(), program.summary.clone()),
        ("implementation".to_owned(), program.provenance.implementation.clone()),
        ("read as".to_owned(), remarks),
        ("parameters".to_owned(), crate::table::grouped(program.parameters)),
        ("checksum of the weights".to_owned(), format!("{:08x}", report.rest.model.checksum)),
        ("percio".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
    ];
    let others = report.references.iter().map(|other| &other.origin);
    for Origin { file, checksum, metadata } in [&report.rest.truth].into_iter().chain(others) {
        said.push(("reference".to_owned(), format!("{file}, checksum {checksum:08x}: {}", listed(metadata))));
    }
    if !report.rest.not_compared.is_empty() {
        said.push(("not compared".to_owned(), report.rest.not_compared.join(", ")));
    }
    let entry = |(name, value): &(String, String)| format!("<dt>{}</dt><dd>{}</dd>", escape(name), escape(value));
    let list: String = said.iter().filter(|(_, value)| !value.is_empty()).map(entry).collect();
    Some(Section::new("provenance", "Provenance", format!("<dl>{list}</dl>")))
}

fn listed(metadata: &BTreeMap<String, String>) -> String {
    metadata.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
}
