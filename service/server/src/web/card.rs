//! The parameters of `GET /v1/card.png`.

use std::str::FromStr;

use render::{Align, Background, Card, Color, Template, Theme};

use super::problem::Problem;
use super::query::{check_text, each_parameter, shown};

/// Every parameter, in the order in which they are listed.
const NAMES: &[&str] = &[
    "title",
    "subtitle",
    "footer",
    "template",
    "theme",
    "background",
    "accent",
    "ink",
    "title_size",
    "align",
    "picture",
    "width",
    "height",
    "strict",
];

/// What a query asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CardRequest {
    /// The card without its picture.
    pub(crate) card: Card,
    /// Where the picture is to be fetched from, as the caller wrote it.
    pub(crate) picture: Option<String>,
    /// Whether characters that no font has are an error.
    pub(crate) strict: bool,
}

/// The card that a query describes; what it does not say is as in [`Card::default`].
pub(crate) fn parse(query: &str) -> Result<CardRequest, Problem> {
    let mut card = Card::default();
    let (mut picture, mut strict) = (None, false);
    each_parameter(query, NAMES, |name, value| {
        match name {
            "title" => card.title = text(name, value)?,
            "subtitle" => card.subtitle = text(name, value)?,
            "footer" => card.footer = text(name, value)?,
            "template" => card.template = choice::<Template>(name, &value)?,
            "theme" => card.theme = choice::<Theme>(name, &value)?,
            "background" => card.background = background(name, &value)?,
            "accent" => card.accent = Some(color(name, &value)?),
            "ink" => card.ink = Some(color(name, &value)?),
            "title_size" => {
                card.title_size = u16::try_from(pixels(name, &value)?).unwrap_or(u16::MAX);
            }
            "align" => card.align = choice::<Align>(name, &value)?,
            "picture" => picture = Some(address(name, value)?),
            "width" => card.width = pixels(name, &value)?,
            "height" => card.height = pixels(name, &value)?,
            _ => strict = yes_or_no(name, &value)?,
        }
        Ok(())
    })?;
    if picture.is_some() && card.template != Template::Picture {
        // Else it would be left out without a word.
        return Err(Problem::parameter(
            "picture",
            "Only template=picture shows one.",
        ));
    }
    Ok(CardRequest {
        card,
        picture,
        strict,
    })
}

fn choice<T: FromStr<Err: std::fmt::Display>>(name: &str, value: &str) -> Result<T, Problem> {
    T::from_str(value).map_err(|error| expected(name, error, value))
}

fn address(name: &str, value: String) -> Result<String, Problem> {
    if value.is_empty() {
        return Err(expected(name, "must be the address of a picture", &value));
    }
    text(name, value)
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
        let query = "title=Ready&subtitle=to+ship&footer=v1&background=1e3a8a-0ea5e9\
                     &template=picture&theme=dark&accent=%23f00&ink=ff0&title_size=48&align=center\
                     &picture=https%3A%2F%2Fexample.com%2Fa.png&width=800&height=400&strict=true";
        let card = Card {
            width: 800,
            height: 400,
            title: "Ready".to_owned(),
            subtitle: "to ship".to_owned(),
            footer: "v1".to_owned(),
            background: Background::Gradient {
                from: Color::rgb(0x1e3a8a),
                to: Color::rgb(0x0ea5e9),
            },
            template: Template::Picture,
            theme: Theme::Dark,
            accent: Some(Color::rgb(0xff0000)),
            ink: Some(Color::rgb(0xffff00)),
            title_size: 48,
            align: Align::Center,
            picture: None,
        };
        let expected = CardRequest {
            card,
            picture: Some("https://example.com/a.png".to_owned()),
            strict: true,
        };
        assert_eq!(parse(query).unwrap(), expected);
        let nothing = CardRequest {
            card: Card::default(),
            picture: None,
            strict: false,
        };
        assert_eq!(parse("").unwrap(), nothing);
        assert_eq!(
            parse("background=fff").unwrap().card.background,
            Background::Flat(Color::WHITE)
        );
    }

    #[test]
    fn a_number_of_any_length_is_left_to_the_limits() {
        for digits in ["4294967295", "4294967296", &"9".repeat(100)] {
            let card = parse(&format!("width={digits}&title_size={digits}"))
                .unwrap()
                .card;
            assert_eq!(
                (card.width, card.title_size),
                (u32::MAX, u16::MAX),
                "{digits}"
            );
        }
        assert_eq!(parse("width=000800").unwrap().card.width, 800);
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
            "panel=true",
            "template=Panel",
            "theme=blue",
            "align=right",
            "ink=red",
            "title_size=large",
            "title_size=-1",
            "strict=yes",
            "picture=https%3A%2F%2Fexample.com%2Fa.png",
            "template=picture&picture=",
            "template=picture&picture=a%0Ab",
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
