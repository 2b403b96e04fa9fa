//! The parameters of `GET /v1/card.png`.

use std::str::FromStr;

use render::{Background, Card, Color, Theme};

use super::problem::Problem;
use super::query::{check_text, each_parameter, shown};

/// Every parameter, in the order in which they are listed.
const NAMES: &[&str] = &[
    "title",
    "subtitle",
    "footer",
    "background",
    "panel",
    "theme",
    "accent",
    "width",
    "height",
];

/// The card that a query describes; what it does not say is as in [`Card::default`].
pub(crate) fn parse(query: &str) -> Result<Card, Problem> {
    let mut card = Card::default();
    each_parameter(query, NAMES, |name, value| {
        match name {
            "title" => card.title = text(name, value)?,
            "subtitle" => card.subtitle = text(name, value)?,
            "footer" => card.footer = text(name, value)?,
            "background" => card.background = background(name, &value)?,
            "panel" => card.panel = yes_or_no(name, &value)?,
            "theme" => {
                card.theme =
                    Theme::from_str(&value).map_err(|error| expected(name, error, &value))?
            }
            "accent" => card.accent = Some(color(name, &value)?),
            "width" => card.width = pixels(name, &value)?,
            _ => card.height = pixels(name, &value)?,
        }
        Ok(())
    })?;
    Ok(card)
}

fn text(name: &str, value: String) -> Result<String, Problem> {
    check_text(name, &value)?;
    Ok(value)
}

/// One colour, or two with a dash between them.
fn background(name: &str, value: &str) -> Result<Background, Problem> {
    Ok(match value.split_once('-') {
        None => Background::Flat(color(name, value)?),
        Some((from, to)) => Background::Gradient {
            from: color(name, from)?,
            to: color(name, to)?,
        },
    })
}

fn color(name: &str, value: &str) -> Result<Color, Problem> {
    Color::from_str(value).map_err(|error| expected(name, error, value))
}

fn yes_or_no(name: &str, value: &str) -> Result<bool, Problem> {
    value
        .parse()
        .map_err(|_| expected(name, "must be true or false", value))
}

fn pixels(name: &str, value: &str) -> Result<u32, Problem> {
    // `parse` would take a sign.
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(expected(name, "must be a whole number of pixels", value));
    }
    // What does not fit is too large in any case: the limit of the scene says so.
    Ok(value.parse().unwrap_or(u32::MAX))
}

fn expected(name: &str, what: impl std::fmt::Display, value: &str) -> Problem {
    Problem::parameter(name, format!("{:?}: {what}.", shown(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_is_read() {
        let query = "title=Ready&subtitle=to+ship&footer=v1&background=1e3a8a-0ea5e9&panel=false\
                     &theme=dark&accent=%23f00&width=800&height=400";
        let card = parse(query).unwrap();
        let expected = Card {
            width: 800,
            height: 400,
            title: "Ready".to_owned(),
            subtitle: "to ship".to_owned(),
            footer: "v1".to_owned(),
            background: Background::Gradient {
                from: Color::rgb(0x1e3a8a),
                to: Color::rgb(0x0ea5e9),
            },
            panel: false,
            theme: Theme::Dark,
            accent: Some(Color::rgb(0xff0000)),
        };
        assert_eq!(card, expected);
        assert_eq!(parse("").unwrap(), Card::default());
        assert_eq!(
            parse("background=fff").unwrap().background,
            Background::Flat(Color::WHITE)
        );
    }

    #[test]
    fn a_number_of_any_length_is_left_to_the_limits() {
        for digits in ["4294967295", "4294967296", &"9".repeat(100)] {
            let card = parse(&format!("width={digits}")).unwrap();
            assert_eq!(card.width, u32::MAX, "{digits}");
        }
        assert_eq!(parse("width=000800").unwrap().width, 800);
    }

    #[test]
    fn a_bad_value_names_its_parameter() {
        let report: Vec<String> = [
            "width=wide",
            "width=",
            "width=-1",
            "width=%2B1",
            "height=4_096",
            "background=blue",
            "background=fff-",
            "background=fff-000-fff",
            "panel=yes",
            "theme=blue",
            "accent=",
            "title=a%0Ab",
            "footer=%C2%85",
        ]
        .iter()
        .map(|query| {
            let problem = parse(query).unwrap_err();
            format!(
                "{}: {}",
                problem.parameter.as_deref().unwrap(),
                problem.detail
            )
        })
        .collect();
        insta::assert_snapshot!(report.join("\n"));
    }
}
