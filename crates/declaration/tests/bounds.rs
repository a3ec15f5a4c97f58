//! Hostile texts are refused in little time, memory and answer.

use declaration::{GROUPS_MAX, NODES_MAX, RESOURCES_MAX, Severity, TEXT_BYTES_MAX, parse};

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

/// The head of a file, and so many groups named by their numbers.
fn groups(count: usize, keys: impl Fn(usize) -> String) -> String {
    let groups: String = (0..count).map(|i| format!("{{name=\"{i}\",resource=[],{}}},", keys(i))).collect();
    format!("cluster.name=\"c\"\ngroup=[{groups}]\n")
}

#[test]
fn chains_of_groups_as_long_as_the_file_are_no_circles() {
    for key in ["start_after", "prefer_after", "runs_with"] {
        let chain = |i: usize| if i == 0 { String::new() } else { format!("{key}=[\"{}\"]", i - 1) };
        let parsed = parse(&groups(GROUPS_MAX, chain)).expect("a chain is no circle");
        assert_eq!(parsed.spec.groups.len(), GROUPS_MAX);
        let circle = |i: usize| format!("{key}=[\"{}\"]", (i + GROUPS_MAX - 1) % GROUPS_MAX);
        let message = first_error(&groups(GROUPS_MAX, circle));
        assert!(message.contains("in a circle: ") && message.len() < 1_000, "{message}");
    }
}

#[test]
fn thousands_of_groups_that_run_with_and_refuse_each_other_are_answered() {
    // Each on several nodes, so that a chain does not make them one.
    let clones = |i: usize| {
        let before = i.saturating_sub(1);
        let chain = if i == 0 { String::new() } else { format!("runs_with=[\"{before}\"],") };
        format!("clones={{}},possible_owners=[\"n{}\"],{chain}never_with=[\"{}\"]", i % 3, i ^ 1)
    };
    assert!(parse(&groups(8_000, clones)).is_err());
    let ring = |i: usize| format!("runs_with=[\"{}\"],uses={{a=1}},never_with=[\"{}\"]", i ^ 1, i ^ 1);
    assert!(parse(&groups(8_000, ring)).is_err());
}

#[test]
fn too_many_nodes_rules_or_things_that_are_used_are_refused() {
    let head = "[cluster]\nname = \"c\"\n";
    let nodes: String = (0..=NODES_MAX).map(|i| format!("[[node]]\nname=\"n{i}\"\n")).collect();
    assert!(first_error(&format!("{head}{nodes}")).contains("at most 1000 are accepted"));
    let rules = "{then=5},".repeat(101);
    assert!(first_error(&groups(1, |_| format!("rule=[{rules}]"))).contains("more than 100 rules"));
    let uses: String = (0..17).map(|i| format!("u{i}=1,")).collect();
    let message = first_error(&groups(1, |_| format!("uses={{{}}}", uses.trim_end_matches(','))));
    assert!(message.contains("more than 16 things"), "{message}");
    let attributes: String = (0..101).map(|i| format!("a{i}=1,")).collect();
    let node = format!("{head}[[node]]\nname=\"n\"\nattributes={{{}}}\n", attributes.trim_end_matches(','));
    assert!(first_error(&node).contains("more than 100 entries"));
}
