//! Finding a node, and what is said when there is none.

use crate::fake::Fake;
use crate::reading::STATUS;
use crate::steadfast::{asking, command, run};

#[test]
fn without_a_daemon_the_exit_code_is_4_and_the_next_command_is_named() {
    let done = run(command("status --socket /nonexistent/s"));
    assert_eq!((done.code, done.stdout.as_str()), (Some(4), ""));
    assert_eq!(
        done.stderr,
        "error: the Steadfast daemon of this machine cannot be reached\n  \
         /nonexistent/s: no such socket: the daemon is not running, or its `socket` is another path\n  \
         next: systemctl status steadfast; without systemd: steadfast run\n"
    );
}

#[test]
fn without_any_node_every_address_is_named_with_its_reason() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("ca.pem"), CA).unwrap();
    std::fs::write(dir.path().join("token"), "sfa1_x\n").unwrap();
    let mut status = command("status --ca ca.pem --api-token-file token");
    status.current_dir(&dir).arg("--server").arg(closed.to_string());
    let done = run(status);
    assert_eq!(done.code, Some(4), "{done:?}");
    assert!(done.stderr.contains(&format!("{closed}: connection refused")), "{done:?}");
    assert!(done.stderr.contains("next: steadfast status, on one of these hosts"), "{done:?}");
}

#[test]
fn the_socket_is_found_through_the_nodes_own_file() {
    let fake = Fake::new().answer("GET /v1/status", STATUS);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("n1.toml");
    std::fs::write(&file, format!("node = \"n1\"\nsocket = {:?}\n", fake.socket())).unwrap();
    let mut by_option = command("status --json");
    by_option.arg("--config").arg(&file);
    let mut by_variable = command("status --json");
    by_variable.env("STEADFAST_CONFIG", &file);
    for status in [by_option, by_variable] {
        let done = run(status);
        assert_eq!(done.code, Some(0), "{done:?}");
    }
    let done = run(command("status --config /nonexistent.toml"));
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.contains("/nonexistent.toml"), "{done:?}");
}

#[test]
fn wrong_arguments_are_2_and_the_nearest_word_is_named() {
    for (arguments, word) in [
        ("statsu", "'status'"),
        ("status --jsno", "'--json'"),
        ("node show N1", "a-z"),
        ("node", "evict"),
        ("apply", "--file"),
        ("events --level warnin", "warning"),
        ("events --since yesterday", "15m"),
        ("join example.org --token x", "10.0.0.1:7400"),
        ("token create --ttl 1", "1h"),
        ("status --server 10.0.0.1", "--ca"),
    ] {
        let done = run(command(arguments));
        assert_eq!((done.code, done.stdout.as_str()), (Some(2), ""), "{arguments}: {done:?}");
        assert!(done.stderr.contains(word), "{arguments}: {done:?}");
    }
}

#[test]
fn a_refusal_is_1_and_told_with_its_next_command() {
    let refusal = r#"{"kind":"no-quorum","message":"no quorum: n2 and n3 are missing","next":"steadfast status","missing":["n2","n3"]}"#;
    let fake = Fake::new().problem("POST /v1/nodes/n3/evict", 503, refusal);
    let done = run(asking(&fake, "node evict n3"));
    assert_eq!((done.code, done.stdout.as_str()), (Some(1), ""));
    assert_eq!(done.stderr, "error: no quorum: n2 and n3 are missing\n  next: steadfast status\n");
}

const CA: &str = "-----BEGIN CERTIFICATE-----
MIIBhTCCASugAwIBAgIQIRi6zePL6mKjOipn+dNuaTAKBggqhkjOPQQDAjASMRAw
DgYDVQQKEwdBY21lIENvMB4XDTE3MTAyMDE5NDMwNloXDTE4MTAyMDE5NDMwNlow
EjEQMA4GA1UEChMHQWNtZSBDbzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABD0d
7VNhbWvZLWPuj/RtHFjvtJBEwOkhbN/BnnE8rnZR8+sbwnc/KhCk3FhnpHZnQz7B
5aETbbIgmuvewdjvSBSjYzBhMA4GA1UdDwEB/wQEAwICpDATBgNVHSUEDDAKBggr
BgEFBQcDATAPBgNVHRMBAf8EBTADAQH/MCkGA1UdEQQiMCCCDmxvY2FsaG9zdDo1
NDUzgg4xMjcuMC4wLjE6NTQ1MzAKBggqhkjOPQQDAgNIADBFAiEA2zpJEPQyz6/l
Wf86aX6PepsntZv2GYlA5UpabfT2EZICICpJ5h/iI+i341gBmLiAFQOyTDT+/wQc
6MF9+Yw1Yy0t
-----END CERTIFICATE-----
";
