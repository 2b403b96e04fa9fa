//! Finds the line of a field, for messages about values that are well-formed and wrong.

/// What one line of a document begins.
#[derive(Debug)]
struct Entry {
    /// The line, from 1.
    line: usize,
    /// Column of the first dash of a list item; `None` outside lists.
    dash: Option<usize>,
    /// Column of the key, or of what stands instead of one.
    column: usize,
    /// The key; empty when the line has none.
    key: String,
}

impl Entry {
    /// Where the line begins.
    fn outer(&self) -> usize {
        self.dash.unwrap_or(self.column)
    }
}

/// The lines of one document by their indentation, as people write it. Inside braces everything is
/// on the line of the brace.
#[derive(Debug)]
pub(crate) struct Lines {
    first: usize,
    entries: Vec<Entry>,
}

impl Lines {
    /// The lines of the document that `start` is of, up to the next one.
    pub(super) fn new(text: &str, start: Start) -> Self {
        let mut entries = Vec::new();
        for (index, line) in text[start.byte..].lines().enumerate() {
            if index > 0 && (line.starts_with("---") || line.starts_with("...")) {
                break;
            }
            entries.extend(entry(line, start.line + index));
        }
        Self {
            first: start.line,
            entries,
        }
    }

    /// The line of the field at `path`, or of the deepest field on the way that stands on a line of
    /// its own. A number on the way is the index of a list item, from 0.
    pub(crate) fn line_of(&self, path: &[&str]) -> usize {
        let mut found = self.first;
        let mut inside = self.entries.as_slice();
        for step in path {
            let next = match step.parse::<usize>() {
                Ok(index) => item(inside, index),
                Err(_) => field(inside, step),
            };
            let Some((line, below)) = next else {
                return found;
            };
            found = line;
            inside = below;
        }
        found
    }
}

/// The line of a key among those that are not indented deeper, and what stands below it.
fn field<'a>(inside: &'a [Entry], key: &str) -> Option<(usize, &'a [Entry])> {
    let column = inside.first()?.column;
    let end = ends(&inside[1..], |entry| entry.outer() < column) + 1;
    let inside = &inside[..end];
    let at = inside
        .iter()
        .position(|entry| entry.column == column && entry.key == key)?;
    let below = &inside[at + 1..];
    // A list may stand as far left as its key.
    let is_after =
        |entry: &Entry| entry.outer() < column || (entry.outer() == column && entry.dash.is_none());
    Some((inside[at].line, &below[..ends(below, is_after)]))
}

/// The line of a list item, and the item itself.
fn item(inside: &[Entry], index: usize) -> Option<(usize, &[Entry])> {
    let dash = inside.first()?.dash?;
    let end = ends(inside, |entry| entry.outer() < dash);
    let inside = &inside[..end];
    let starts = inside
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.dash == Some(dash));
    let (at, first) = starts.clone().nth(index)?;
    let next = ends(&inside[at + 1..], |entry| entry.outer() <= dash);
    Some((first.line, &inside[at..at + 1 + next]))
}

fn ends(entries: &[Entry], is_after: impl Fn(&Entry) -> bool) -> usize {
    entries.iter().position(is_after).unwrap_or(entries.len())
}

fn entry(line: &str, number: usize) -> Option<Entry> {
    let bare = line.trim_start_matches(' ');
    let indent = line.len() - bare.len();
    let content = bare.trim_end();
    if content.is_empty() || content.starts_with('#') {
        return None;
    }
    let is_item = content == "-" || content.starts_with("- ");
    let inner = if is_item {
        content.trim_start_matches([' ', '-'])
    } else {
        content
    };
    let plain = !inner.starts_with(['#', '{', '[', '-']);
    let key = inner.split_once(':').filter(|_| plain);
    let key = key.map_or("", |(key, _)| key.trim_end().trim_matches(['"', '\'']));
    Some(Entry {
        line: number,
        dash: is_item.then_some(indent),
        column: indent + content.len() - inner.len(),
        key: key.to_owned(),
    })
}

/// Where a document begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Start {
    /// The line, from 1.
    pub(super) line: usize,
    /// Where that line begins in the text.
    pub(super) byte: usize,
}

impl Start {
    /// The beginning of the text.
    pub(super) const FIRST: Self = Self { line: 1, byte: 0 };
}

/// Where each document of a stream begins.
pub(super) fn documents(text: &str) -> Vec<Start> {
    let mut starts = Vec::new();
    let mut pending = true;
    let mut explicit = None;
    let mut next = Start::FIRST;
    for whole in text.split_inclusive('\n') {
        let here = next;
        next = Start {
            line: here.line + 1,
            byte: here.byte + whole.len(),
        };
        let line = whole.trim_end_matches(['\n', '\r']);
        if line == "---" || line.starts_with("--- ") {
            // An empty document is one too.
            starts.extend(explicit.take());
            explicit = Some(here);
            pending = true;
            continue;
        }
        let bare = line.trim();
        let content = !bare.is_empty() && !bare.starts_with('#') && !line.starts_with('%');
        if line == "..." {
            pending = true;
        } else if pending && content {
            starts.push(here);
            explicit = None;
            pending = false;
        }
    }
    starts.extend(explicit);
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# a comment
---
kind: SLO
spec:
  inner:
    query: |
      total: not a key
    target: 0
  total: {query: two}
  list:
  - target: 1
  - name: x
    target: 2
    deep:
      - - a
      - b: 3
  after: 4
---
kind: SLI
spec:
  total:
    query: three
";

    fn line_of(first: usize, path: &[&str]) -> usize {
        let start = documents(TEXT)
            .into_iter()
            .find(|start| start.line == first);
        Lines::new(TEXT, start.unwrap()).line_of(path)
    }

    fn first_lines(text: &str) -> Vec<usize> {
        documents(text).iter().map(|start| start.line).collect()
    }

    #[test]
    fn documents_begin_at_their_first_field() {
        assert_eq!(first_lines(TEXT), [3, 19]);
        assert_eq!(first_lines("a: 1\n---\n---\nb: 2\n---\n"), [1, 2, 4, 5]);
        assert_eq!(first_lines("a: 1\n...\nb: 2\n...\n---\nc: 3\n"), [1, 3, 6]);
        assert_eq!(first_lines("# nothing\n"), Vec::<usize>::new());
    }

    #[test]
    fn a_field_is_found_below_its_parents_and_not_in_a_brother() {
        assert_eq!(line_of(3, &["kind"]), 3);
        assert_eq!(line_of(3, &["spec", "inner", "query"]), 6);
        assert_eq!(line_of(3, &["spec", "total"]), 9);
        assert_eq!(line_of(3, &["spec", "target"]), 4);
        assert_eq!(line_of(3, &["spec", "after"]), 17);
        assert_eq!(line_of(19, &["spec", "total", "query"]), 22);
    }

    #[test]
    fn an_item_is_found_by_its_index() {
        assert_eq!(line_of(3, &["spec", "list", "0", "target"]), 11);
        assert_eq!(line_of(3, &["spec", "list", "1"]), 12);
        assert_eq!(line_of(3, &["spec", "list", "1", "target"]), 13);
        assert_eq!(line_of(3, &["spec", "list", "1", "deep", "1", "b"]), 16);
        assert_eq!(line_of(3, &["spec", "list", "2", "target"]), 10);
    }

    #[test]
    fn a_field_without_a_line_of_its_own_is_at_its_parent() {
        assert_eq!(line_of(3, &["spec", "total", "query"]), 9);
        assert_eq!(line_of(3, &["spec", "nothing"]), 4);
        assert_eq!(line_of(3, &["nothing"]), 3);
        assert_eq!(Lines::new("", Start::FIRST).line_of(&["a", "0"]), 1);
    }
}
