//! Scripts in a line or two, and what they call.

use super::*;
use std::collections::BTreeSet;

/// What a script calls and sources, in words.
fn meaning(text: &str) -> String {
    let script = read(text.as_bytes());
    let meaning = Meaning::of(&script, &mut Variables::default(), &mut BTreeSet::new());
    let said = |what: &str, names: &BTreeSet<String>| match names.is_empty() {
        true => String::new(),
        false => format!("{what} {}; ", names.iter().cloned().collect::<Vec<_>>().join(" ")),
    };
    format!("{}{}", said("reads", &meaning.sourced), said("calls", &meaning.called))
        .trim_end_matches("; ")
        .to_owned()
}

#[test]
fn commands_are_found_wherever_one_can_begin() {
    let table = [
        ("ip addr add 10.0.0.1/8", "calls ip"),
        ("a; b && c || d | e & f", "calls a b c d e f"),
        ("if a; then b; elif c; then d; else e; fi", "calls a b c d e"),
        ("while ! a; do b; done", "calls a b"),
        ("x=$(a | b)\ny=`c d`\n", "calls a b c"),
        ("echo \"$(a \"$(b)\")\"", "calls a b"),
        ("( a; b ) > /dev/null", "calls a b"),
        ("{ a; } 2>&1", "calls a"),
        ("A=1 B=2 a", "calls a"),
        ("a \\\n  -x\nb", "calls a b"),
        ("exec /usr/sbin/a --now", "calls /usr/sbin/a"),
        ("timeout 5 a -b", "calls 5 a timeout"),
        ("a <<EOF\nb c\nEOF\nd", "calls a d"),
        ("a <<-'EOF'\n\tb\n\tEOF\nd", "calls a d"),
        ("a <<< b; c", "calls a c"),
        ("a >b 2>>c <d; e", "calls a e"),
        ("diff <(a) <(b)", "calls a b diff"),
        ("x=$((1 + 2)); ((x++)); a", "calls a"),
        ("check_binary ip", "calls check_binary ip"),
    ];
    for (text, expected) in table {
        assert_eq!(meaning(text), expected, "{text}");
    }
}

#[test]
fn what_is_no_command_is_none() {
    let nothing = [
        "# a comment with a; b",
        "echo 'a; b' \"c; d\"",
        "[ -x b ] && cd tmp",
        "x='$(a)'",
        "case \"$1\" in\n  start|stop) exit 0;;\n  *) true;;\nesac",
        "for a in b c; do echo $a; done",
        "f() { echo; }\nf x",
        "x=a",
        "${x:?unset}",
    ];
    for text in nothing {
        assert_eq!(meaning(text), "", "{text}");
    }
}

#[test]
fn variables_name_programs_and_files() {
    let table = [
        (": ${IP:=ip}\n$IP addr", "calls ip"),
        (
            ": ${OCF_FUNCTIONS_DIR=${OCF_ROOT:-/usr/lib/ocf}/lib/heartbeat}\n. ${OCF_FUNCTIONS_DIR}/ocf-shellfuncs",
            "reads /usr/lib/ocf/lib/heartbeat/ocf-shellfuncs",
        ),
        (
            "D=/opt/x\nsource \"$D/lib.sh\"\n\"${D}/bin/tool\" -v",
            "reads /opt/x/lib.sh; calls /opt/x/bin/tool",
        ),
        ("if true; then T=a; else T=b; fi; $T", "calls a b"),
        ("T=\"ip -4\"; $T addr", "calls ip"),
        ("default=/usr/sbin/x\n: ${OCF_RESKEY_bin=${default}}\n$OCF_RESKEY_bin", "calls /usr/sbin/x"),
        ("$(made) up; $1 x; $unknown y", "calls made"),
        ("export P=/usr/sbin/p; local Q=$P; $Q", "calls /usr/sbin/p"),
    ];
    for (text, expected) in table {
        assert_eq!(meaning(text), expected, "{text}");
    }
}

#[test]
fn what_never_ends_is_read_to_its_end() {
    for text in [
        "'",
        "\"",
        "`",
        "$(",
        "${",
        "${x:-",
        "<<",
        "<<EOF",
        "((",
        "f()",
        "\\",
        "$",
        "x=${y:=${y:=${y",
        "case x in",
    ] {
        read(text.as_bytes());
        read(text.repeat(10_000).as_bytes());
    }
    read("$(".repeat(500_000).as_bytes());
    read(&vec![0xff; 3 << 20]);
}

mod any {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let script = read(&bytes);
            Meaning::of(&script, &mut Variables::default(), &mut BTreeSet::new());
        }

        #[test]
        fn anything_that_looks_like_a_script_is_read(text in "[a-b $(){}`'\"\\\\;|&<>=:\n#-]{0,200}") {
            let script = read(text.as_bytes());
            Meaning::of(&script, &mut Variables::default(), &mut BTreeSet::new());
        }
    }
}
