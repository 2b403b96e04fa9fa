//! Finds the line of a field, for messages about values that are well-formed and wrong.

/// The line (from 1) of the field at `path` in the document that begins on `first`, or the line of
/// the deepest field on the way that stands on a line of its own.
///
/// It reads indentation, as people write it; inside braces it stays at the line of the brace.
pub(super) fn line_of(text: &str, first: usize, path: &[&str]) -> usize {
    let mut found = first;
    let mut lines = text
        .lines()
        .enumerate()
        .skip(first.saturating_sub(1))
        .peekable();
    let mut parent: Option<usize> = None;
    for key in path {
        let mut here = None;
        for (index, line) in lines.by_ref() {
            if index + 1 > first && line.starts_with("---") {
                break;
            }
            let Some((indent, name)) = field(line) else {
                continue;
            };
            if parent.is_some_and(|parent| indent <= parent) {
                break;
            }
            if name == *key {
                here = Some((index + 1, indent));
                break;
            }
        }
        let Some((line, indent)) = here else {
            return found;
        };
        found = line;
        parent = Some(indent);
    }
    found
}

/// Indentation and key of a line; a list item counts from its key.
fn field(line: &str) -> Option<(usize, &str)> {
    let bare = line.trim_start_matches([' ', '-']);
    let (key, _) = bare.split_once(':')?;
    let key = key.trim_end().trim_matches(['"', '\'']);
    let plain = !key.is_empty() && !key.starts_with(['#', '{', '[']);
    plain.then_some((line.len() - bare.len(), key))
}

/// The line on which each document of a stream begins.
pub(super) fn documents(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut pending = true;
    let mut explicit = None;
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        if line == "---" || line.starts_with("--- ") {
            // An empty document is one too.
            starts.extend(explicit.take());
            explicit = Some(line_number);
            pending = true;
            continue;
        }
        let bare = line.trim();
        let content = !bare.is_empty() && !bare.starts_with('#') && !line.starts_with('%');
        if pending && content && bare != "..." {
            starts.push(line_number);
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
  bad:
    query: one
  total: {query: two}
  list:
  - target: 1
---
kind: SLI
spec:
  total:
    query: three
";

    #[test]
    fn documents_begin_at_their_first_field() {
        assert_eq!(documents(TEXT), [3, 11]);
        assert_eq!(documents("a: 1\n---\n---\nb: 2\n---\n"), [1, 2, 4, 5]);
        assert_eq!(documents("# nothing\n"), Vec::<usize>::new());
    }

    #[test]
    fn a_field_is_found_below_its_parents() {
        assert_eq!(line_of(TEXT, 3, &["kind"]), 3);
        assert_eq!(line_of(TEXT, 3, &["spec", "bad", "query"]), 6);
        assert_eq!(line_of(TEXT, 3, &["spec", "list", "target"]), 9);
        assert_eq!(line_of(TEXT, 11, &["spec", "total", "query"]), 14);
    }

    #[test]
    fn a_field_without_a_line_of_its_own_is_at_its_parent() {
        assert_eq!(line_of(TEXT, 3, &["spec", "total", "query"]), 7);
        assert_eq!(line_of(TEXT, 3, &["spec", "nothing"]), 4);
        assert_eq!(line_of(TEXT, 3, &["nothing"]), 3);
    }
}
