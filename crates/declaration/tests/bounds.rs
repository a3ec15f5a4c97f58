//! Hostile texts are refused in little time, memory and answer.

use declaration::{GROUPS_MAX, RESOURCES_MAX, Severity, TEXT_BYTES_MAX, parse};

fn first_error(text: &str) -> String {
    let problems = parse(text).expect_err("a hostile text is refused");
    assert!(problems.len() <= 200, "{} problems", problems.len());
    problems.into_iter().find(|one| one.severity == Severity::Error).expect("an error").message
}

#[test]
fn a_text_that_is_too_large_is_refused_unread() {
    let text = format!("[cluster]\nname = \"shop\"\n#{}", "x".repeat(TEXT_BYTES_MAX));
    assert!(first_error(&text).contains("1048576 are accepted"));
}

#[test]
fn deep_nesting_does_not_overflow_the_stack() {
    for opening in ["[", "a=[", "a={b=", "{", "a.", "[a.", "[[a."] {
        let deep = opening.repeat(100_000);
        let text = &deep[..deep.len().min(TEXT_BYTES_MAX)];
        assert!(parse(text).is_err(), "{opening}");
        assert!(parse(&format!("x={text}")).is_err(), "{opening}");
    }
    // Closed where the parser does not take it for closed.
    for opening in ["{a={]", "[{]", "{a=[}", "a={b=[{c=]}", "[{", "{=[", "{a[", "a={b[{c]}"] {
        let deep = opening.repeat(TEXT_BYTES_MAX / 2 / opening.len());
        for head in ["", "x=", "[a]\nb=", "x=[1,"] {
            assert!(parse(&format!("{head}{deep}")).is_err(), "{head}{opening}");
        }
    }
    let deep = format!("[cluster]\nname=\"c\"\nprofile={}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(parse(&deep).is_err());
}

#[test]
fn garbage_is_answered_with_a_bounded_list() {
    for garbage in ["=\n", "\0", "a", "\"", "a=[,,", "[[x]]\n", "a=1\n", "'''", "\\", "é=\n"] {
        first_error(&garbage.repeat(TEXT_BYTES_MAX / garbage.len()));
        first_error(&garbage.repeat(10_000));
    }
}

#[test]
fn too_many_groups_or_resources_are_refused() {
    let head = "[cluster]\nname = \"shop\"\n";
    let groups: String = (0..=GROUPS_MAX).map(|i| format!("[[group]]\nname=\"{i}\"\n")).collect();
    assert!(first_error(&format!("{head}{groups}")).contains("at most 10000 are accepted"));
    let resources: String =
        (0..=RESOURCES_MAX).map(|i| format!("{{name=\"{i}\",type=\"dummy\"}},")).collect();
    let group = format!("[[group]]\nname=\"g\"\nresource=[{resources}]\n");
    assert!(first_error(&format!("{head}{group}")).contains("more than 20000 resources"));
}

#[test]
fn as_many_as_are_allowed_are_accepted_in_one_long_chain() {
    let chain: String = (1..RESOURCES_MAX)
        .map(|i| format!("{{name=\"{i}\",type=\"dummy\",depends_on=[\"{}\"]}},", i - 1))
        .collect();
    let text = format!(
        "cluster.name=\"c\"\n[[group]]\nname=\"g\"\nresource=[{{name=\"0\",type=\"dummy\"}},{chain}]\n"
    );
    assert!(text.len() <= TEXT_BYTES_MAX);
    let parsed = parse(&text).expect("a long chain is no circle");
    assert_eq!(parsed.spec.groups[0].resources.len(), RESOURCES_MAX);
}

#[test]
fn thousands_of_wrong_references_and_circles_are_told_up_to_a_hundred() {
    let head = "[cluster]\nname = \"shop\"\n[[group]]\nname=\"g\"\n";
    let wrong: String =
        (0..8_000).map(|i| format!("{{name=\"r{i}\",type=\"dummy\",depends_on=[\"x{i}\"]}},")).collect();
    let problems = parse(&format!("{head}resource=[{wrong}]\n")).expect_err("wrong references");
    assert_eq!(problems.len(), 100);
    assert!(problems.iter().any(|one| one.message.contains("and 7900 more errors")));

    let pairs: String = (0..8_000)
        .map(|i| format!("{{name=\"r{i}\",type=\"dummy\",depends_on=[\"r{}\"]}},", i ^ 1))
        .collect();
    let problems = parse(&format!("{head}resource=[{pairs}]\n")).expect_err("circles");
    assert_eq!(problems.len(), 100);
}
