//! Join tokens: good once, for a while, for one cluster and one node; every refusal names its
//! reason, is an event of its own, and leaves the token as good as it was.

use crate::cluster::{Node, wait_for};
use api::TokenShown;
use events::{
    JoinAddressTaken, JoinFailed, JoinNameTaken, JoinTokenAltered, JoinTokenBound, JoinTokenDamaged,
    JoinTokenExpired, JoinTokenForeign, JoinTokenUnknown, JoinTokenUsed, JoinUnreachable,
};
use model::TokenId;
use model::stored::JoinToken;

fn states(node: Node<'_>) -> Vec<String> {
    let shown: Vec<TokenShown> = serde_json::from_str(&node.ok("token list --json")).unwrap();
    shown.into_iter().map(|token| token.state).collect()
}

#[test]
fn a_used_token_is_refused_and_its_user_named() {
    let cluster = formed!(1 of 3);
    let [n1, n2, n3] = cluster.all();
    n2.start();
    n3.start();
    let token = n1.token("");
    n2.join_with(n1, &token).ok();
    n3.join_with(n1, &token).refused(&["was used by node `n2`", "steadfast token create"]);
    let told = n1.tells(JoinTokenUsed::ENTRY);
    assert_eq!((told.fields["node"].as_str(), told.fields["by"].as_str()), (Some("n3"), Some("n2")));
    assert!(n3.tells(JoinFailed::ENTRY).text.contains("was used by node `n2`"));
    assert!(n3.status().cluster.is_none());
    n3.join(n1);
}

#[test]
fn an_expired_token_is_refused_with_the_time_of_its_expiry() {
    let cluster = formed!(1 of 2);
    let [n1, n2] = cluster.all();
    n2.start();
    // The token of `init` is open; it is not this test's.
    let token = n1.token("--ttl 1s");
    wait_for("the token to expire", || states(n1).contains(&"expired".to_owned()).then_some(()));
    n2.join_with(n1, &token).refused(&["this token expired at 20", "steadfast token create"]);
    assert_eq!(n1.tells(JoinTokenExpired::ENTRY).fields["node"], "n2");
    n2.tells(JoinFailed::ENTRY);
}

#[test]
fn a_token_of_another_cluster_is_not_even_shown_to_the_member_that_is_asked() {
    let cluster = hosts!(3);
    let [n1, n2, n3] = cluster.all();
    cluster.form([1]);
    n2.start();
    n2.ok("init --name bakery");
    n3.start();
    let token = n1.token("");
    n3.join_with(n2, &token).refused(&["does not belong to the cluster that made this token"]);
    n3.tells(JoinTokenForeign::ENTRY);
    assert!(!n2.events("").iter().any(|event| event.text.contains("n3")), "nothing was sent to it");
    n3.join_with(n1, &token).ok();
}

#[test]
fn a_mistyped_token_is_noticed_before_anybody_is_asked() {
    let cluster = formed!(1 of 2);
    let [n1, n2] = cluster.all();
    n2.start();
    let token = n1.token("");
    let (head, last) = token.split_at(token.len() - 1);
    let mistyped = format!("{head}{}", if last == "A" { "B" } else { "A" });
    n2.join_with(n1, &mistyped).refused(&["this join token is damaged"]);
    n2.join_with(n1, "hello").refused(&["this is not a join token"]);
    assert_eq!(n2.told(JoinTokenDamaged::ENTRY.id).len(), 2);
    assert!(!n1.events("").iter().any(|event| event.text.contains("n2")), "nothing was sent to it");
    n2.join_with(n1, &format!("  {token}\n")).ok();
}

#[test]
fn a_token_with_another_secret_or_number_is_refused_and_the_true_one_stays_good() {
    let cluster = formed!(1 of 2);
    let [n1, n2] = cluster.all();
    n2.start();
    let token = n1.token("");
    let whole: JoinToken = token.parse().unwrap();
    // Written out again, the altered ones have right checksums.
    let altered = JoinToken { secret: [7; 16], ..whole };
    n2.join_with(n1, &altered.to_string()).refused(&["secret does not match"]);
    let told = n1.tells(JoinTokenAltered::ENTRY);
    assert_eq!(told.fields["token"], altered.id.to_string());
    let unknown = JoinToken { id: TokenId([7; 8]), ..altered };
    n2.join_with(n1, &unknown.to_string()).refused(&["not known to the cluster"]);
    n1.tells(JoinTokenUnknown::ENTRY);
    n2.join_with(n1, &token).ok();
}

#[test]
fn a_token_for_one_node_is_refused_to_another() {
    let cluster = formed!(1 of 3);
    let [n1, n2, n3] = cluster.all();
    n2.start();
    n3.start();
    let token = n1.token("--node n3");
    n2.join_with(n1, &token).refused(&["this token is for node `n3`, not `n2`"]);
    assert_eq!(n1.tells(JoinTokenBound::ENTRY).fields["bound"], "n3");
    n3.join_with(n1, &token).ok();
}

#[test]
fn a_node_with_a_member_s_name_is_refused_and_may_join_with_the_same_token_under_its_own() {
    let cluster = formed!(2 of 3);
    let [n1, _, n3] = cluster.all();
    n3.configure(&n3.usual_config().replace("\"n3\"", "\"n2\""));
    n3.start();
    let token = n1.token("");
    n3.join_with(n1, &token).refused(&["a node named `n2` is a member already", "node evict n2"]);
    assert_eq!(n1.tells(JoinNameTaken::ENTRY).fields["node"], "n2");
    n3.stop();
    n3.configure(&n3.usual_config());
    n3.start();
    n3.join_with(n1, &token).ok();
}

#[test]
fn a_node_with_a_member_s_address_is_refused() {
    let cluster = formed!(2 of 3);
    let [n1, _, n3] = cluster.all();
    // n3 also claims the second address of n2, at which n2 answers.
    n3.configure(&n3.usual_config().replace("10.99.1.3", "10.99.1.2"));
    n3.start();
    n3.join_with(n1, &n1.token("")).refused(&["10.99.1.2:7400 is the address of node `n2`"]);
    n1.tells(JoinAddressTaken::ENTRY);
}

#[test]
fn a_node_that_the_cluster_cannot_call_back_is_refused_and_its_token_stays_good() {
    let cluster = formed!(1 of 2);
    let [n1, n2] = cluster.all();
    // Addresses that are not n2's, at which nobody answers.
    n2.configure(&n2.usual_config().replace("10.99.0.2", "10.99.0.77").replace("10.99.1.2", "10.99.1.77"));
    n2.start();
    let token = n1.token("");
    let words = ["cannot reach n2", "10.99.0.77:7400", "10.99.1.77:7400", "steadfast.toml"];
    n2.join_with(n1, &token).refused(&words);
    n1.tells(JoinUnreachable::ENTRY);
    n2.tells(events::InterfaceFailed::ENTRY);
    // Somebody else's address does not do either: what answers there holds another key.
    n2.stop();
    n2.configure(&n2.usual_config().replace("10.99.0.2", "10.99.0.1").replace("10.99.1.2", "10.99.1.1"));
    n2.start();
    n2.join_with(n1, &token).refused(&["cannot reach n2", "holds another key"]);

    n2.stop();
    n2.configure(&n2.usual_config());
    n2.start();
    n2.join_with(n1, &token).ok();
}

#[test]
fn a_node_that_answers_on_one_of_two_networks_joins_with_a_warning() {
    let cluster = formed!(1 of 2);
    let [n1, n2] = cluster.all();
    n2.configure(&n2.usual_config().replace("10.99.1.2", "10.99.1.77"));
    n2.start();
    let ran = n2.join_with(n1, &n1.token("")).exited(0);
    assert!(
        ran.stderr.contains("warning: the cluster cannot reach this node at 10.99.1.77:7400"),
        "{}",
        ran.stderr
    );
}

#[test]
fn no_secret_of_a_token_is_in_events_status_or_logs() {
    let cluster = formed!(1 of 2);
    let [n1, n2] = cluster.all();
    n2.start();
    let token = n1.token("");
    n2.join_with(n1, &token).ok();
    n2.join_with(n1, &token).refused(&["already"]);
    let body = token.trim_start_matches("sfj1_");
    // 8 bytes of number, which is public, then the secret: from the 12th character on, as 3 bytes are 4.
    let secret = &body[12..32];
    let shown = [
        n1.ok("events --json"),
        n1.ok("token list --json"),
        n1.ok("status --json"),
        n1.daemon().log(),
        n2.daemon().log(),
    ];
    assert!(shown.iter().all(|text| !text.contains(secret)), "{shown:?}");
}
