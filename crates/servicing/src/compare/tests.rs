//! What is the same, older, newer, and what nobody knows.

use super::*;
use crate::samples::{file, library, link, packaged, seen};

#[test]
fn what_holds_the_same_is_the_same_whatever_package_it_is_of() {
    assert_eq!(relation(&packaged(1, "4.0"), &seen(packaged(1, "3.0"))), Relation::Same);
    assert_eq!(relation(&packaged(1, "4.0"), &seen(file(1))), Relation::Same);
}

#[test]
fn one_package_is_ordered_by_its_versions() {
    let expected = packaged(1, "4.0-1");
    assert_eq!(relation(&expected, &seen(packaged(2, "3.0-1"))), Relation::Older);
    assert_eq!(relation(&expected, &seen(packaged(2, "4.0-1+deb12u1"))), Relation::Newer);
    // A rebuild of the same version, or a file put over that of the package.
    assert_eq!(relation(&expected, &seen(packaged(2, "4.0-1"))), Relation::Foreign);
}

#[test]
fn a_file_that_is_not_what_its_package_brought_is_never_newer() {
    let seen = Seen { component: packaged(2, "5.0-1"), as_packaged: Some(false) };
    assert_eq!(relation(&packaged(1, "4.0-1"), &seen), Relation::Foreign);
    let seen = Seen { component: packaged(2, "5.0-1"), as_packaged: Some(true) };
    assert_eq!(relation(&packaged(1, "4.0-1"), &seen), Relation::Newer);
}

#[test]
fn a_library_that_lacks_symbols_is_older_whoever_brought_it() {
    let (three, four) = (["open", "close"], ["open", "close", "flush"]);
    assert_eq!(relation(&library(1, &four), &seen(library(2, &three))), Relation::Older);
    assert_eq!(relation(&library(1, &three), &seen(library(2, &four))), Relation::Newer);
    assert_eq!(relation(&library(1, &three), &seen(library(2, &three))), Relation::Foreign);
    let mut of_package = library(1, &four);
    of_package.package = packaged(1, "4.0").package;
    let mut by_another = library(2, &three);
    by_another.package = packaged(1, "9.0").package.map(|mut it| {
        it.name = "option-pack".to_owned();
        it
    });
    assert_eq!(relation(&of_package, &seen(by_another)), Relation::Older, "as `Replaces:` does");
    assert_eq!(relation(&of_package, &seen(library(2, &three))), Relation::Older, "as tar does");
    let more = library(2, &["open", "close", "flush", "sync"]);
    assert_eq!(relation(&of_package, &seen(more)), Relation::Foreign, "nobody vouches for it");
}

#[test]
fn symbol_versions_speak_where_symbols_do_not() {
    let with = |byte, defines: &[&str]| Component {
        defines: defines.iter().map(|it| (*it).to_owned()).collect(),
        ..file(byte)
    };
    assert_eq!(relation(&with(1, &["V3", "V4"]), &seen(with(2, &["V3"]))), Relation::Older);
    assert_eq!(relation(&with(1, &["V3"]), &seen(with(2, &["V3", "V4"]))), Relation::Newer);
    assert_eq!(relation(&with(1, &["V3", "V4"]), &seen(with(2, &["V3", "V5"]))), Relation::Foreign);
}

#[test]
fn links_are_ordered_by_the_numbers_of_one_name() {
    let of = |was: &str, is: &str| relation(&link(was), &seen(link(is)));
    assert_eq!(of("libx.so.4.0", "libx.so.3.9"), Relation::Older);
    assert_eq!(of("libx.so.4.9", "libx.so.4.10"), Relation::Newer);
    assert_eq!(of("libx.so.4", "liby.so.3"), Relation::Foreign);
    assert_eq!(of("libx.so.4", "/tmp/libx.so.5"), Relation::Foreign);
    assert_eq!(of("python3", "python3.11"), Relation::Foreign);
    assert_eq!(of("libx.so.4", "libx.so.99999999999999999999999"), Relation::Foreign);
    assert_eq!(relation(&link("libx.so.4"), &seen(file(1))), Relation::Foreign);
}

#[test]
fn a_component_is_described_by_what_somebody_would_look_for() {
    assert_eq!(described(&packaged(0xab, "4.0-1")), "helper 4.0-1 (content abababababab)");
    assert_eq!(described(&link("libx.so.4.0")), "a link to libx.so.4.0");
}
