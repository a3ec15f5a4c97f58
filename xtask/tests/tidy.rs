//! Habits that no compiler holds: sizes, headers, leftovers. The lists of exceptions are ratchets:
//! an entry that is no longer needed fails too, so they only get shorter.

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use common::{read, sources, written_files};

/// A longer file has more than one purpose.
const FILE_LINES_MAX: usize = 600;

/// A longer function does not fit a screen, however it is turned.
const FUNCTION_LINES_MAX: usize = 100;

/// Files that may be longer, each with the reason.
const LONG_FILES: [(&str, &str); 0] = [];

/// Functions that may be longer: file, function, reason.
const LONG_FUNCTIONS: [(&str, &str, &str); 0] = [];

/// What has no business in a finished text. Put together here, so that this file is clean itself.
fn leftovers() -> [String; 5] {
    ["/wo rk/", "TO DO", "FIX ME", "XX X", "db g!"].map(|word| word.replace(' ', ""))
}

/// The part of a source file that is not its unit tests.
fn product(text: &str) -> impl Iterator<Item = &str> {
    text.lines().take_while(|line| *line != "#[cfg(test)]")
}

/// Unit tests that were given a file of their own.
fn is_test_file(path: &Path) -> bool {
    path.iter().any(|part| part == "tests" || part == "tests.rs")
}

fn product_files() -> impl Iterator<Item = PathBuf> {
    sources().into_iter().filter(|path| !is_test_file(path))
}

#[test]
fn files_have_one_purpose_as_far_as_their_length_shows() {
    let allowed: BTreeSet<_> = LONG_FILES.iter().map(|(file, _)| (*file).to_owned()).collect();
    let lines = |path: &PathBuf| product(&read(path)).count();
    let long: Vec<_> = product_files().map(|path| (lines(&path), path)).collect();
    let long = long.iter().filter(|(lines, _)| *lines > FILE_LINES_MAX);
    let long: BTreeSet<_> = long.map(|(_, path)| path.to_string_lossy().into_owned()).collect();
    assert_eq!(long, allowed, "left: longer than {FILE_LINES_MAX} lines, right: LONG_FILES");
}

#[test]
fn functions_fit_a_screen() {
    let mut long = BTreeSet::new();
    for path in product_files() {
        let text = read(&path);
        let lines: Vec<_> = product(&text).collect();
        for (name, length) in functions(&lines) {
            if length > FUNCTION_LINES_MAX {
                long.insert((path.to_string_lossy().into_owned(), name));
            }
        }
    }
    let allowed = LONG_FUNCTIONS.iter().map(|(file, name, _)| ((*file).to_owned(), (*name).to_owned()));
    let allowed: BTreeSet<_> = allowed.collect();
    assert_eq!(long, allowed, "left: longer than {FUNCTION_LINES_MAX} lines, right: LONG_FUNCTIONS");
}

/// Name and length of each function, in text as rustfmt leaves it: a function ends at the first
/// closing brace of its own indentation.
fn functions(lines: &[&str]) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = &line[..line.len() - line.trim_start().len()];
        let end = format!("{indent}}}");
        let body = &lines[start..];
        let opens = body.iter().position(|line| line.ends_with(['{', '}', ';']));
        let has_body = opens.is_some_and(|at| body[at].ends_with('{'));
        let length = body.iter().position(|line| **line == end).filter(|_| has_body);
        found.push((name, length.map_or(1, |length| length + 1)));
    }
    found
}

fn function_name(line: &str) -> Option<String> {
    let mut words = line.trim_start().split(' ');
    let modifiers = ["pub", "pub(crate)", "pub(super)", "async", "const", "unsafe", "extern", "\"C\""];
    let word = words.find(|word| !modifiers.contains(word))?;
    let name = words.next().filter(|_| word == "fn")?;
    Some(name.chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect())
}

#[test]
fn every_source_file_begins_by_saying_what_it_is() {
    let silent: Vec<_> = sources().into_iter().filter(|path| !read(path).starts_with("//! ")).collect();
    assert!(silent.is_empty(), "they do not begin with a `//!` header: {silent:?}");
}

#[test]
fn nothing_is_left_over() {
    let mut found = String::new();
    for path in written_files() {
        for (number, line) in (1..).zip(read(&path).lines()) {
            for word in leftovers().iter().filter(|word| has_word(line, word)) {
                found += &format!("{}:{number} has {word}: {line}\n", path.display());
            }
        }
    }
    assert!(found.is_empty(), "{found}");
}

/// Whether the word stands there for itself, not as a part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let in_word = |char: Option<char>| char.is_some_and(char::is_alphanumeric);
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let joined = word.starts_with(char::is_alphanumeric) && in_word(before)
            || word.ends_with(char::is_alphanumeric) && in_word(after);
        !joined
    })
}

#[test]
fn lengths_are_counted_as_people_count_them() {
    let text = "fn one() {}\n\npub(crate) async fn five<T>(\n    t: T,\n) {\n    t;\n}\n\n\
        trait T {\n    fn none(&self);\n    fn three() {\n        ();\n    }\n}\n";
    let lines: Vec<_> = text.lines().collect();
    let expected = [("one", 1), ("five", 5), ("none", 1), ("three", 3)];
    assert_eq!(functions(&lines), expected.map(|(name, length)| (name.to_owned(), length)));
}

#[test]
fn words_are_found_as_words() {
    assert!(has_word("mktemp x.YY", "YY"));
    assert!(!has_word("mktemp x.YYY", "YY"));
    assert!(has_word("\"/a/b\"", "/a/"));
}
