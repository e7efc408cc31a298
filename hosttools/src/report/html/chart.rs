//! Charts as SVG, with what they show as text for those who cannot see them.

use super::page::escape;
use std::fmt::Write;

/// Width of every chart, in its own units.
const WIDTH: f64 = 1000.0;
/// Colours that tell series apart; `style.css` defines them.
const COLOURS: usize = 8;

/// Letters of the longest label of a bar.
const LONGEST: usize = 46;

/// A named row of numbers; what is not there is not drawn.
pub(super) struct Series {
    pub(super) name: String,
    pub(super) values: Vec<Option<f64>>,
}

/// A horizontal bar.
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) value: f64,
    /// The value as it is shown.
    pub(crate) text: String,
}

/// The colour of the series `index`.
pub(super) fn colour(index: usize) -> String {
    format!("var(--c{})", index % COLOURS)
}

/// A drawing of this height with a title and a description.
pub(super) fn drawing(height: f64, title: &str, description: &str, body: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\"><title>{}</title><desc>{}</desc>{body}</svg>",
        escape(title),
        escape(title),
        escape(description)
    )
}

/// The names of series beside their colours.
pub(super) fn key(names: &[String]) -> String {
    let entry = |(index, name): (usize, &String)| {
        let fill = colour(index);
        let mark = format!(
            "<svg viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect width=\"10\" height=\"10\" style=\"fill:{fill}\"/></svg>"
        );
        format!("<li>{mark} {}</li>", escape(name))
    };
    format!("<ul class=key>{}</ul>", names.iter().enumerate().map(entry).collect::<String>())
}

/// A table in HTML: a caption, a header and rows.
pub(super) fn table(caption: &str, header: &[&str], rows: &[Vec<String>]) -> String {
    let head: String = header.iter().map(|cell| format!("<th scope=\"col\">{}</th>", escape(cell))).collect();
    let line = |row: &Vec<String>| {
        let first = row.first().map_or_else(String::new, |cell| format!("<th scope=\"row\">{}</th>", escape(cell)));
        let rest: String = row.iter().skip(1).map(|cell| format!("<td>{}</td>", escape(cell))).collect();
        format!("<tr>{first}{rest}</tr>")
    };
    let body: String = rows.iter().map(line).collect();
    format!(
        "<div class=scroll tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table><caption>{0}</caption>\
         <thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>",
        escape(caption)
    )
}

/// Lines over named places, on a logarithmic scale, with a bound if there is one.
pub(super) fn lines(title: &str, places: &[String], series: &[Series], bound: Option<f64>) -> String {
    let (left, top, bottom, height) = (70.0, 20.0, 130.0, 420.0);
    let values = || series.iter().flat_map(|series| series.values.iter().flatten().copied()).chain(bound);
    let positive = || values().filter(|value| *value > 0.0 && value.is_finite());
    let lowest = positive().fold(f64::INFINITY, f64::min).log10().floor().max(-12.0);
    let highest = positive().fold(f64::MIN_POSITIVE, f64::max).log10().ceil().max(lowest + 1.0);
    let y = |value: f64| {
        let place = if value > 0.0 { (value.log10() - lowest) / (highest - lowest) } else { 0.0 };
        top + (1.0 - place.clamp(0.0, 1.0)) * (height - top - bottom)
    };
    let step = (WIDTH - left - 30.0) / places.len().max(1) as f64;
    let x = |index: usize| left + step * (index as f64 + 0.5);
    let mut body = String::new();
    for power in lowest as i32..=highest as i32 {
        let at = y(10f64.powi(power));
        let _ = write!(
            body,
            "<line class=grid x1=\"{left}\" x2=\"{WIDTH}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/><text class=soft x=\"8\" y=\"{:.1}\">1e{power}</text>",
            at + 4.0
        );
    }
    if let Some(bound) = bound {
        let at = y(bound);
        let _ = write!(
            body,
            "<line class=bound x1=\"{left}\" x2=\"{WIDTH}\" y1=\"{at:.1}\" y2=\"{at:.1}\"><title>bound {bound:e}</title></line>"
        );
    }
    for (index, place) in places.iter().enumerate() {
        let (x, y) = (x(index), height - bottom + 16.0);
        let _ = write!(
            body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"end\" transform=\"rotate(-40 {x:.1} {y:.1})\">{}</text>",
            escape(place)
        );
    }
    for (index, Series { name, values }) in series.iter().enumerate() {
        let points = values.iter().enumerate().filter_map(|(place, value)| Some((place, (*value)?)));
        let path: Vec<String> =
            points.clone().map(|(place, value)| format!("{:.1},{:.1}", x(place), y(value))).collect();
        let _ = write!(
            body,
            "<polyline points=\"{}\" style=\"fill:none;stroke:{};stroke-width:2\"/>",
            path.join(" "),
            colour(index)
        );
        for (place, value) in points {
            let _ = write!(
                body,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\" style=\"fill:{}\"><title>{}, {}: {value:.2e}</title></circle>",
                x(place),
                y(value),
                colour(index),
                escape(name),
                escape(&places[place])
            );
        }
    }
    drawing(height, title, "The table below holds the same figures.", &body)
}

/// Columns side by side over named places, their heights logarithmic.
pub(super) fn columns(title: &str, places: &[String], series: &[Series]) -> String {
    let (left, top, bottom, height) = (70.0, 20.0, 60.0, 320.0);
    let highest = series
        .iter()
        .flat_map(|series| series.values.iter().flatten())
        .fold(1.0f64, |a, &b| a.max(b))
        .log10()
        .ceil()
        .max(1.0);
    let tall = |value: f64| {
        if value < 1.0 { 0.0 } else { (value.log10() + 0.15) / (highest + 0.15) * (height - top - bottom) }
    };
    let step = (WIDTH - left - 10.0) / places.len().max(1) as f64;
    let wide = 0.8 * step / series.len().max(1) as f64;
    let base = height - bottom;
    let mut body = String::new();
    for power in 0..=highest as i32 {
        let at = base - tall(10f64.powi(power));
        let _ = write!(
            body,
            "<line class=grid x1=\"{left}\" x2=\"{WIDTH}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/><text class=soft x=\"8\" y=\"{:.1}\">1e{power}</text>",
            at + 4.0
        );
    }
    for (place, name) in places.iter().enumerate() {
        let x = left + step * place as f64;
        let _ = write!(
            body,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            x + 0.4 * step,
            base + 18.0,
            escape(name)
        );
        for (index, Series { name: of, values }) in series.iter().enumerate() {
            let value = values.get(place).copied().flatten().unwrap_or(0.0);
            let _ = write!(
                body,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"{:.1}\" style=\"fill:{}\"><title>{}, {}: {value}</title></rect>",
                x + wide * index as f64,
                base - tall(value),
                tall(value),
                colour(index),
                escape(of),
                escape(name)
            );
        }
    }
    drawing(height, title, "The table below holds the same figures.", &body)
}

/// A label without its middle, where it is too long.
fn shortened(label: &str) -> String {
    let letters: Vec<char> = label.chars().collect();
    match letters.len() {
        0..=LONGEST => label.to_owned(),
        all => {
            let (first, last) = (&letters[..LONGEST / 3], &letters[all - (LONGEST - LONGEST / 3 - 1)..]);
            first.iter().chain(&['…']).chain(last).collect()
        }
    }
}

/// Horizontal bars with their labels and values.
pub(crate) fn bars(title: &str, bars: &[Bar]) -> String {
    let (row, left, right) = (24.0, 330.0, 170.0);
    let longest = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let mut body = String::new();
    for (index, Bar { label, value, text }) in bars.iter().enumerate() {
        let y = row * index as f64 + 6.0;
        let wide = if longest > 0.0 { value / longest * (WIDTH - left - right) } else { 0.0 };
        let _ = write!(
            body,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\"><title>{}</title>{}</text><rect x=\"{left}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{}\" style=\"fill:{}\"/><text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            left - 8.0,
            y + 13.0,
            escape(label),
            escape(&shortened(label)),
            row - 8.0,
            colour(0),
            left + wide + 6.0,
            y + 13.0,
            escape(text)
        );
    }
    let said = bars.iter().map(|bar| format!("{}: {}", bar.label, bar.text)).collect::<Vec<_>>().join("; ");
    drawing(row * bars.len() as f64 + 12.0, title, &said, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_keep_both_ends() {
        assert_eq!(shortened("short"), "short");
        let long = shortened(&"ab".repeat(40));
        assert_eq!(long.chars().count(), LONGEST);
        assert!(long.starts_with("ababab") && long.ends_with("abab") && long.contains('…'), "{long}");
    }
}
