//! Expected texts in files. `UPDATE_GOLDEN=1 cargo test -p cli` writes them anew; the difference
//! is then reviewed like any other.

use std::path::PathBuf;

/// Holds `text` against `tests/golden/NAME`.
pub(crate) fn check(name: &str, text: &str) {
    check_at(&format!("tests/golden/{name}"), text);
}

/// Holds `text` against a file, by its path from this crate's folder.
pub(crate) fn check_at(path: &str, text: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(expected, text, "{path} differs; if the new text is right: UPDATE_GOLDEN=1 cargo test -p cli");
}
