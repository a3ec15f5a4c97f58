//! The valid word that was probably meant.

/// Likeness (Jaro-Winkler, 0 to 1) from which a word is offered. At 0.8 `adress` finds `address`
/// and `prefered` finds `preferred_owners`, while `port` does not find `root`.
const ALIKE: f64 = 0.8;

/// How many words are compared. More would make a hostile file of many unknown names slow to refuse.
const WORDS_MAX: usize = 1_000;

/// The word of `valid` nearest to `given`, if any is near. Ties go to the first.
pub(crate) fn nearest<'w>(given: &str, valid: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    // A long text is no misspelt word, and comparing costs the product of the lengths.
    if given.is_empty() || given.len() > 100 {
        return None;
    }
    let given = given.to_lowercase().replace('-', "_");
    let mut best: Option<(f64, &str)> = None;
    for word in valid.into_iter().take(WORDS_MAX) {
        let other = word.to_lowercase().replace('-', "_");
        let one_slip = strsim::osa_distance(&given, &other) <= 1;
        let likeness = strsim::jaro_winkler(&given, &other) + if one_slip { 1.0 } else { 0.0 };
        if likeness >= ALIKE && best.is_none_or(|(so_far, _)| likeness > so_far) {
            best = Some((likeness, word));
        }
    }
    best.map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let keys = ["name", "type", "root", "listen", "address", "depends_on", "preferred_owners"];
        for (given, meant) in [
            ("adress", "address"),
            ("Name", "name"),
            ("depends-on", "depends_on"),
            ("dependsOn", "depends_on"),
            ("prefered", "preferred_owners"),
            ("lisen", "listen"),
        ] {
            assert_eq!(nearest(given, keys), Some(meant), "{given}");
        }
        for other in ["port", "xyzzy", "", "colour"] {
            assert_eq!(nearest(other, keys), None, "{other}");
        }
        assert_eq!(nearest("n3", ["n1", "n2"]), Some("n1"), "one slip in a short name");
    }
}
