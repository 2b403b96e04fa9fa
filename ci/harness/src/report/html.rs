//! The report as one HTML page that opens from disk.

use std::fmt::Write;

use outcome::Outcome;

use super::{Rehearsal, text};

const STYLE: &str = include_str!("report.css");

/// The whole report as a page; pictures stand beside it.
pub(super) fn html(rehearsal: &Rehearsal) -> String {
    let mut out = String::with_capacity(16 * 1024);
    head(&mut out, rehearsal);
    pictures(&mut out, rehearsal);
    objectives(&mut out, rehearsal);
    experiments(&mut out, rehearsal);
    alerts(&mut out, rehearsal);
    steps(&mut out, rehearsal);
    out.push_str(
        "<footer><p>The evidence beside this page: <a href=\"report.json\">report.json</a>, \
         <a href=\"report.md\">report.md</a>, <a href=\"report.junit.xml\">report.junit.xml</a>, \
         <a href=\"gate/\">gate</a>, <a href=\"load/\">load</a>, <a href=\"chaos/\">chaos</a>, \
         <a href=\"logs/\">logs of every part</a>.</p></footer>\n</main>\n</body>\n</html>\n",
    );
    out
}

fn head(out: &mut String, rehearsal: &Rehearsal) {
    let sabotage = rehearsal.sabotage.map_or(String::new(), |sabotage| {
        format!(
            "<span class=\"sabotage\">sabotaged on purpose: {}</span>",
            escape(sabotage)
        )
    });
    // A String takes every write.
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Rehearsal: {verdict}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <header class=\"{verdict}\">\n<p class=\"word\">{verdict}</p>\n<h1>{sentence}</h1>\n\
         <p class=\"facts\"><span>release {release}</span><span>{started}</span>\
         <span>{duration:.0} s</span>{sabotage}</p>\n</header>\n",
        verdict = escape(rehearsal.verdict),
        sentence = escape(text::sentence(rehearsal)),
        release = escape(&rehearsal.release),
        started = rehearsal.started.strftime("%Y-%m-%d %H:%M:%S UTC"),
        duration = rehearsal.duration_seconds,
    );
}

fn pictures(out: &mut String, rehearsal: &Rehearsal) {
    if rehearsal.pictures.is_empty() {
        return;
    }
    out.push_str("<section>\n<h2>What happened</h2>\n");
    for picture in &rehearsal.pictures {
        let (file, alt) = (escape(&picture.file), escape(&picture.alt));
        let _ = writeln!(
            out,
            "<img src=\"{file}\" alt=\"{alt}\" width=\"{}\">",
            picture.width
        );
    }
    out.push_str("</section>\n");
}

fn objectives(out: &mut String, rehearsal: &Rehearsal) {
    let rows = rehearsal.objectives.iter().map(|objective| {
        [
            badge(&objective.verdict),
            escape(&objective.name),
            escape(&text::attained(objective)),
            escape(&objective.detail),
        ]
    });
    table(
        out,
        "Objectives",
        ["verdict", "objective", "seen", "why"],
        rows,
        "The gate was not reached.",
    );
}

fn experiments(out: &mut String, rehearsal: &Rehearsal) {
    let numbered = || (1..).zip(&rehearsal.experiments);
    let rows = numbered().map(|(number, experiment)| {
        let why = match experiment.detail.as_str() {
            "" => String::new(),
            why => format!("<br><small>{}</small>", escape(why)),
        };
        [
            number.to_string(),
            badge(experiment.outcome.as_str()),
            format!(
                "<a href=\"chaos/{}.html\">{}</a>{why}",
                escape(&experiment.name),
                escape(&experiment.title)
            ),
            lines(&text::stages(experiment)),
            text::seconds(experiment.recovery_seconds),
            lines(&text::users(experiment)),
            lines(&text::detected(experiment)),
        ]
    });
    table(
        out,
        "Experiments",
        [
            "",
            "outcome",
            "experiment",
            "felt after",
            "over after",
            "users had",
            "alerts",
        ],
        rows,
        "No experiment was reached.",
    );
    let drawn = numbered().filter_map(|(number, experiment)| {
        let picture = experiment.timeline.as_deref()?;
        Some((number, experiment, picture))
    });
    for (number, experiment, picture) in drawn {
        // What did not hold is looked at first.
        let open = match experiment.outcome {
            Outcome::Held => "",
            _ => " open",
        };
        let (title, picture) = (escape(&experiment.title), escape(picture));
        let _ = writeln!(
            out,
            "<details{open}><summary>{number}. {title}</summary>\n<img src=\"{picture}\" \
             alt=\"Timeline: {title}\" loading=\"lazy\"></details>"
        );
    }
}

/// What is listed with commas, with a line for each.
fn lines(list: &str) -> String {
    format!(
        "<span class=\"list\">{}</span>",
        escape(list).replace(", ", "<br>")
    )
}

fn alerts(out: &mut String, rehearsal: &Rehearsal) {
    let rows = rehearsal.alerts.iter().map(|alert| {
        let desk = if alert.at_desk {
            "at the desk"
        } else {
            "not at the desk"
        };
        [
            badge(&alert.severity),
            escape(&alert.name),
            format!(
                "from {} for {:.0} s",
                alert.fired.strftime("%H:%M:%S"),
                alert.seconds
            ),
            desk.to_owned(),
        ]
    });
    table(
        out,
        "Alerts",
        ["severity", "alert", "fired", "delivered"],
        rows,
        "No alert fired.",
    );
}

fn steps(out: &mut String, rehearsal: &Rehearsal) {
    let rows = rehearsal.steps.iter().map(|step| {
        [
            badge(step.outcome.as_str()),
            escape(step.name),
            format!("{:.1} s", step.seconds),
            escape(&step.detail),
        ]
    });
    table(
        out,
        "The line",
        ["outcome", "step", "took", "what"],
        rows,
        "Nothing was done.",
    );
}

fn table<const N: usize>(
    out: &mut String,
    title: &str,
    columns: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
    nothing: &str,
) {
    let _ = write!(out, "<section>\n<h2>{title}</h2>\n");
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        let _ = write!(out, "<p class=\"nothing\">{nothing}</p>\n</section>\n");
        return;
    }
    let heads = columns
        .map(|column| format!("<th scope=\"col\">{column}</th>"))
        .concat();
    let _ = write!(
        out,
        "<div class=\"scroll\"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n"
    );
    for row in rows {
        let cells = row.map(|cell| format!("<td>{cell}</td>")).concat();
        let _ = writeln!(out, "<tr>{cells}</tr>");
    }
    out.push_str("</tbody>\n</table></div>\n</section>\n");
}

fn badge(word: &str) -> String {
    let word = escape(word);
    format!("<span class=\"badge {word}\">{word}</span>")
}

/// Text that is only text, in an element and in a quoted attribute.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn what_was_observed_cannot_become_markup() {
        let mut rehearsal = sample();
        rehearsal.experiments[1].detail = "<script>alert(1)</script>".to_owned();
        rehearsal.objectives[0].name = "\"><img src=x>".to_owned();
        let page = html(&rehearsal);
        assert!(!page.contains("<script>"), "{page}");
        assert!(!page.contains("<img src=x>"), "{page}");
    }

    #[test]
    fn a_missed_rehearsal_as_a_page() {
        let page = html(&sample());
        let body = page.split_once("<body>").unwrap().1;
        insta::assert_snapshot!(body);
    }
}
