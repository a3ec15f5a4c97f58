//! The files that administrators write: the declaration, which also comes over the network, and
//! the node's own.

use super::{Target, ensure};
use crate::corpus;
use declaration::{check_against, parse, render};

/// The declaration.
pub(super) const DECLARATION: Target = Target {
    name: "declaration",
    reads: "a cluster.toml",
    run: |bytes| {
        let text = String::from_utf8_lossy(bytes);
        match parse(&text) {
            Ok(parsed) => {
                let met = check_against(&parsed, &parsed.cluster, &[]);
                let said =
                    parsed.warnings.iter().chain(&met).all(|one| !one.render("cluster.toml").is_empty());
                ensure(said, "a finding has no text")?;
                let again = parse(&text).is_ok_and(|again| again.spec == parsed.spec);
                ensure(again, "the same text has two meanings")
            }
            Err(findings) => {
                ensure(!findings.is_empty(), "a declaration was refused without a reason")?;
                ensure(!render(&findings, "cluster.toml").is_empty(), "the reason has no text")
            }
        }
    },
    seeds: || corpus::files(&["declaration/tests/cases"]),
    words: &[
        "[[group]]\n",
        "[[group.resource]]\n",
        "[[group.rule]]\n",
        "[group.clones]\n",
        "runs_with = [\"db\"]\n",
        "never_with = [\"db:primary\"]\n",
        "start_after = [[\"db\", \"mail\"]]\n",
        "possible_owners = [\"n3\"]\n",
        "uses = { memory = 1 }\n",
        "then = \"only\"\n",
        "\">= 64\"",
        "\"3 in 15m\"",
        "name = \"",
        "type = \"",
        "= [",
        "{",
        "}",
        "'''",
        "\"\"\"",
        "#",
        ".",
        "30s",
        "true",
        "1979-05-27T07:32:00Z",
        "inf",
        "0x",
    ],
};

/// The node's own file.
pub(super) const CONFIGURATION: Target = Target {
    name: "configuration",
    reads: "a steadfast.toml",
    run: |bytes| match daemon::fuzzing::configuration(&String::from_utf8_lossy(bytes)) {
        Err(why) => ensure(why.starts_with("steadfast.toml:"), "the message does not begin with its place"),
        Ok(()) => Ok(()),
    },
    seeds: || corpus::files(&["fuzz/corpus/configuration"]),
    words: &["node = \"n1\"\n", "networks = [", "[::1]:7400", "127.0.0.1", "listen", "\"", "\\u", "'''", "="],
};
