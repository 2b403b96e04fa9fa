//! The files of cases: what is done, step by step, and what was seen.
//!
//! ```text
//! === a duplicate is a conflict           a case; its name says what is shown
//! because REASON                          why ours differs, where it does
//! POST /proxies {"name": "p", …}          a step
//! = 201 {…}                               what the original was seen to do
//! | 500 {…}                               what it does now and then, by a race of its own
//! ~ 400 {…}                               what ours does instead
//! ```

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Most lines of one file; a longer one is refused.
const LINES_MAX: usize = 2000;

/// A file of cases, with the comment that stands before the first.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    head: String,
    pub(crate) cases: Vec<Case>,
}

/// Steps that belong together; they start with a server without proxies.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// Why ours differs from the original; there when a step says so.
    pub(crate) because: Option<String>,
    pub(crate) steps: Vec<Step>,
}

/// One thing that is done.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) original: Option<String>,
    /// What the original does now and then; ours may too, unless `ours` says what it does.
    pub(crate) rare: Option<String>,
    pub(crate) ours: Option<String>,
}

impl Step {
    /// What must be seen: of the original, or of ours.
    pub(crate) fn expected(&self, of_original: bool) -> Option<&str> {
        let ours = self.ours.as_deref().filter(|_| !of_original);
        ours.or(self.original.as_deref())
    }

    /// Whether this may be seen.
    pub(crate) fn fits(&self, of_original: bool, seen: Option<&str>) -> bool {
        let rare = of_original || self.ours.is_none();
        self.expected(of_original) == seen
            || rare && self.rare.is_some() && self.rare.as_deref() == seen
    }
}

impl File {
    /// Reads a file; what is no case is named with its line.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{path:?}: {error}"))?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, String> {
        let mut file = Self {
            path: path.to_owned(),
            head: String::new(),
            cases: Vec::new(),
        };
        for (number, line) in text.lines().enumerate() {
            if number >= LINES_MAX {
                return Err(format!("{path:?} has more than {LINES_MAX} lines"));
            }
            let told = file.take(number + 1, line);
            told.map_err(|error| format!("{}:{}: {error}", path.display(), number + 1))?;
        }
        file.check()?;
        Ok(file)
    }

    fn take(&mut self, line: usize, text: &str) -> Result<(), &'static str> {
        if let Some(name) = text.strip_prefix("=== ") {
            self.cases.push(Case {
                name: name.to_owned(),
                because: None,
                steps: Vec::new(),
            });
            return Ok(());
        }
        let Some(case) = self.cases.last_mut() else {
            self.head.push_str(text);
            self.head.push('\n');
            return Ok(());
        };
        if let Some(because) = text.strip_prefix("because ") {
            case.because = Some(because.to_owned());
        } else if let Some(seen) = text.strip_prefix("= ") {
            let step = case
                .steps
                .last_mut()
                .ok_or("what was seen follows a step")?;
            step.original = Some(seen.to_owned());
        } else if let Some(seen) = text.strip_prefix("| ") {
            let step = case
                .steps
                .last_mut()
                .ok_or("what was seen follows a step")?;
            step.rare = Some(seen.to_owned());
        } else if let Some(seen) = text.strip_prefix("~ ") {
            let step = case
                .steps
                .last_mut()
                .ok_or("what ours does follows a step")?;
            step.ours = Some(seen.to_owned());
        } else if !text.is_empty() {
            case.steps.push(Step {
                line,
                text: text.to_owned(),
                original: None,
                rare: None,
                ours: None,
            });
        }
        Ok(())
    }

    /// A difference without a reason is an error, and so is a reason without a difference.
    fn check(&self) -> Result<(), String> {
        for case in &self.cases {
            let differs = case.steps.iter().any(|step| step.ours.is_some());
            if differs != case.because.is_some() {
                return Err(format!(
                    "{}: {:?} needs both a step with ~ and a line with because, or neither",
                    self.path.display(),
                    case.name
                ));
            }
        }
        Ok(())
    }

    /// The file as text, with what its steps say now.
    pub(crate) fn to_text(&self) -> String {
        let mut text = self.head.clone();
        for (number, case) in self.cases.iter().enumerate() {
            let gap = if number == 0 { "" } else { "\n" };
            let _ = writeln!(text, "{gap}=== {}", case.name);
            if let Some(because) = &case.because {
                let _ = writeln!(text, "because {because}");
            }
            for step in &case.steps {
                let _ = writeln!(text, "{}", step.text);
                for (sign, seen) in [("=", &step.original), ("|", &step.rare), ("~", &step.ours)] {
                    if let Some(seen) = seen {
                        let _ = writeln!(text, "{sign} {seen}");
                    }
                }
            }
        }
        text
    }
}

#[test]
fn a_file_is_written_as_it_was_read() {
    let text = "# Head.\n\n=== one\nbecause so\nGET /proxies\n= 200 {}\n| 202 {}\n~ 201 {}\nhalf a\n\n=== two\nGET /\n= 404\n";
    let file = File::parse(Path::new("x.cases"), text).unwrap();
    assert_eq!(file.to_text(), text);
    let step = &file.cases[0].steps[0];
    assert_eq!(step.expected(true), Some("200 {}"));
    assert_eq!(step.expected(false), Some("201 {}"));
    assert!(step.fits(true, Some("202 {}")) && !step.fits(false, Some("202 {}")));
}

#[test]
fn a_difference_needs_a_reason() {
    let error = File::parse(Path::new("x.cases"), "=== one\nGET /\n= 200\n~ 201\n").unwrap_err();
    assert!(error.contains("\"one\" needs both"), "{error}");
    let error = File::parse(Path::new("x.cases"), "=== one\n= 200\n").unwrap_err();
    assert!(error.starts_with("x.cases:2: "), "{error}");
}
