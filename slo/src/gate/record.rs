//! Keeps every answer on disk as it came, so that a verdict can be reached again without anybody
//! being asked.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use outcome::{Failure, OrFail};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::evidence::{Asked, Lost};

/// The most bytes of answers that one run keeps.
const ANSWERS_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// The largest list of questions that is read back.
const QUERIES_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Where the list of questions stands.
pub(super) const QUERIES_FILE: &str = "queries.json";

/// Where the answers stand.
pub(super) const ANSWERS_FOLDER: &str = "answers";

/// What is asked, with everything that the answer depends on. Times are in milliseconds since
/// 1970.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Question {
    /// What the time is, by the clock of Prometheus.
    Now,
    /// A query at one time.
    Instant { query: String, at: i64 },
    /// The samples of a range selector before one time.
    Samples { query: String, at: i64 },
    /// A query at every `step` from `start` to `end`.
    Range {
        query: String,
        start: i64,
        end: i64,
        step: i64,
    },
}

impl Question {
    /// A name for the file of its answer, the same in every run.
    fn file_name(&self) -> String {
        let digest = Sha256::digest(format!("{self:?}"));
        let name: String = digest[..12].iter().map(|b| format!("{b:02x}")).collect();
        format!("{ANSWERS_FOLDER}/{name}.json")
    }
}

/// A question and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    pub(super) question: Question,
    /// The file of its answer, relative to the folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) answer: Option<String>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lost: Option<Lost>,
}

/// Writes answers as they come.
#[derive(Debug)]
pub(super) struct Recorder {
    folder: PathBuf,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    exchanges: BTreeMap<Question, Exchange>,
    bytes: u64,
    /// The first thing that went wrong; the answers after it are not kept.
    failure: Option<Failure>,
}

impl Recorder {
    /// Keeps answers below `folder`, which must be there and empty.
    ///
    /// # Errors
    /// [`Failure::broken`] when nothing can be written there.
    pub(super) fn new(folder: &Path) -> Result<Self, Failure> {
        let answers = folder.join(ANSWERS_FOLDER);
        fs::create_dir_all(&answers).or_broken(format!("cannot make {}", answers.display()))?;
        Ok(Self {
            folder: folder.to_owned(),
            kept: Mutex::default(),
        })
    }

    /// Keeps what became of a question. What goes wrong is told by [`Recorder::finish`].
    pub(super) fn keep(&self, question: &Question, answer: &Asked<Vec<u8>>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.failure.is_some() {
            return;
        }
        let mut exchange = Exchange {
            question: question.clone(),
            answer: None,
            lost: None,
        };
        match answer {
            Err(lost) => exchange.lost = Some(lost.clone()),
            Ok(body) => match self.write(&mut kept, question, body) {
                Ok(file) => exchange.answer = Some(file),
                Err(failure) => {
                    kept.failure = Some(failure);
                    return;
                }
            },
        }
        kept.exchanges.insert(question.clone(), exchange);
    }

    fn write(&self, kept: &mut Kept, question: &Question, body: &[u8]) -> Result<String, Failure> {
        kept.bytes += body.len() as u64;
        if kept.bytes > ANSWERS_BYTES_MAX {
            return Err(Failure::broken(format!(
                "the answers are larger than {ANSWERS_BYTES_MAX} bytes; judge fewer objectives at \
                 once"
            )));
        }
        let name = question.file_name();
        let file = self.folder.join(&name);
        fs::write(&file, body).or_broken(format!("cannot write {}", file.display()))?;
        Ok(name)
    }

    /// Writes the list of questions.
    ///
    /// # Errors
    /// [`Failure::broken`] when an answer or the list could not be written.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let kept = self.kept.into_inner();
        let kept = kept.unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = kept.failure {
            return Err(failure);
        }
        let file = self.folder.join(QUERIES_FILE);
        let sentence = format!("cannot write {}", file.display());
        let exchanges: Vec<Exchange> = kept.exchanges.into_values().collect();
        let text = serde_json::to_string_pretty(&exchanges).or_broken(sentence.clone())? + "\n";
        fs::write(&file, text).or_broken(sentence)
    }
}

/// Answers of an earlier run.
#[derive(Debug)]
pub(super) struct Recording {
    folder: PathBuf,
    exchanges: BTreeMap<Question, Exchange>,
}

impl Recording {
    /// Reads the list of questions; the answers are read when they are asked for.
    ///
    /// # Errors
    /// [`Failure::misused`] that names the file and what is wrong with it.
    pub(super) fn open(folder: &Path) -> Result<Self, Failure> {
        let file = folder.join(QUERIES_FILE);
        let bytes = super::folder::read(&file, QUERIES_BYTES_MAX)?;
        let exchanges: Vec<Exchange> = serde_json::from_slice(&bytes).or_misused(format!(
            "{}: expected questions and answers",
            file.display()
        ))?;
        let exchanges = exchanges.into_iter();
        Ok(Self {
            folder: folder.to_owned(),
            exchanges: exchanges
                .map(|exchange| (exchange.question.clone(), exchange))
                .collect(),
        })
    }

    /// Whether a question was asked then.
    pub(super) fn has(&self, question: &Question) -> bool {
        self.exchanges.contains_key(question)
    }

    /// What became of a question then.
    ///
    /// # Errors
    /// [`Failure::misused`] when it was not asked then, or its answer cannot be read.
    pub(super) fn answer(&self, question: &Question) -> Result<Asked<Vec<u8>>, Failure> {
        let exchange = self.exchanges.get(question).ok_or_else(|| {
            Failure::misused(format!(
                "{}: this was not asked then, so it cannot be answered now: {question:?}",
                self.folder.join(QUERIES_FILE).display()
            ))
        })?;
        match (&exchange.answer, &exchange.lost) {
            (None, Some(lost)) => Ok(Err(lost.clone())),
            // The name is computed, not believed: a list that was tampered with leads nowhere else.
            (Some(name), None) if *name == question.file_name() => {
                let file = self.folder.join(name);
                super::folder::read(&file, crate::prometheus::ANSWER_SIZE_BYTES_MAX as u64).map(Ok)
            }
            _ => Err(Failure::misused(format!(
                "{}: expected either an answer or why there is none: {question:?}",
                self.folder.join(QUERIES_FILE).display()
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::evidence::LostKind;
    use super::*;

    fn question(query: &str) -> Question {
        Question::Instant {
            query: query.to_owned(),
            at: 5,
        }
    }

    fn recorded(folder: &Path) {
        let recorder = Recorder::new(folder).unwrap();
        recorder.keep(&question("a"), &Ok(b"{}".to_vec()));
        let lost = Lost {
            kind: LostKind::Refused,
            message: "no".to_owned(),
        };
        recorder.keep(&question("b"), &Err(lost));
        recorder.finish().unwrap();
    }

    #[test]
    fn what_was_answered_is_answered_again() {
        let folder = tempfile::tempdir().unwrap();
        recorded(folder.path());
        let recording = Recording::open(folder.path()).unwrap();
        let answer = |query| recording.answer(&question(query));
        assert_eq!(answer("a").unwrap(), Ok(b"{}".to_vec()));
        assert_eq!(answer("b").unwrap().unwrap_err().message, "no");
        let failure = answer("c").unwrap_err();
        assert_eq!(failure.outcome(), outcome::Outcome::Misused);
        assert!(
            failure.to_string().contains("was not asked then"),
            "{failure}"
        );
    }

    #[test]
    fn an_answer_is_only_read_from_its_own_file() {
        let folder = tempfile::tempdir().unwrap();
        recorded(folder.path());
        let file = folder.path().join(QUERIES_FILE);
        let text = fs::read_to_string(&file).unwrap();
        let name = question("a").file_name();
        fs::write(&file, text.replace(&name, "/etc/hostname")).unwrap();
        let recording = Recording::open(folder.path()).unwrap();
        assert!(recording.answer(&question("a")).is_err());
    }

    #[test]
    fn a_disk_that_fails_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::new(folder.path()).unwrap();
        fs::remove_dir(folder.path().join(ANSWERS_FOLDER)).unwrap();
        recorder.keep(&question("a"), &Ok(b"{}".to_vec()));
        let failure = recorder.finish().unwrap_err();
        assert_eq!(failure.outcome(), outcome::Outcome::Broken);
    }
}
