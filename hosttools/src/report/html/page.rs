//! The page around its sections.

use crate::picture::Picture;

const STYLE: &str = include_str!("style.css");

/// A part of the page, reachable from its top.
pub(crate) struct Section {
    id: &'static str,
    title: &'static str,
    body: String,
}

impl Section {
    pub(crate) fn new(id: &'static str, title: &'static str, body: String) -> Self {
        Self { id, title, body }
    }
}

/// Text as HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A page of `sections`, after a first paragraph in HTML.
pub(crate) fn page(title: &str, lead: &str, sections: &[Section]) -> String {
    let title = escape(title);
    let links: String =
        sections.iter().map(|Section { id, title, .. }| format!("<li><a href=\"#{id}\">{title}</a></li>")).collect();
    let body: String = sections
        .iter()
        .map(|Section { id, title, body }| {
            format!(
                "<section id=\"{id}\" aria-labelledby=\"{id}-title\"><h2 id=\"{id}-title\">{title}</h2>{body}\
                 <p class=back><a href=\"#top\">to the top</a></p></section>\n"
            )
        })
        .collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body id=\"top\">\n\
         <a class=skip href=\"#main\">to the figures</a>\n<header><h1>{title}</h1>{lead}\n\
         <nav aria-label=\"Sections\"><ul>{links}</ul></nav></header>\n<main id=\"main\" tabindex=\"-1\">\n{body}</main>\n\
         <footer><p>Made by percio {}. This file loads nothing.</p></footer>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// A picture with its caption.
pub(crate) fn figure(picture: &Picture) -> String {
    let (title, caption) = (escape(&picture.title), escape(&picture.caption));
    format!(
        "<figure><img src=\"data:image/png;base64,{}\" width=\"{}\" height=\"{}\" alt=\"{title}: {caption}\">\
         <figcaption><strong>{title}</strong> {caption}</figcaption></figure>",
        base64(&picture.png()),
        picture.shown().0,
        picture.shown().1,
    )
}

/// RFC 4648.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_text() {
        let of = |text: &str| base64(text.as_bytes());
        assert_eq!([of(""), of("f"), of("fo"), of("foo"), of("foobar")], ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYmFy"]);
        assert_eq!(escape("a<b & \"c\""), "a&lt;b &amp; &quot;c&quot;");
    }
}
