//! Good signatures, and all others by name.

use super::*;
use crate::samples::{at, baseline, file};
use model::stored::Versioned;

fn seed(byte: u8) -> String {
    STANDARD.encode([byte; 32])
}

fn signer(byte: u8, expires: Option<Timestamp>) -> SignerRecord {
    SignerRecord {
        public_key: public_key(&seed(byte)).unwrap(),
        private_key: None,
        added: at(0),
        by: "root on n1".to_owned(),
        expires,
    }
}

fn text() -> String {
    String::from_utf8(Versioned::encode(baseline(&[("/usr/lib/a", file(1))]))).unwrap()
}

fn signed(signatures: Vec<BaselineSignature>) -> SignedBaseline {
    SignedBaseline { text: text(), signatures }
}

/// RFC 8032, section 7.1, test 1.
#[test]
fn keys_are_those_of_the_standard() {
    let hex = |text: &str| {
        let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        STANDARD.encode((0..text.len()).step_by(2).map(byte).collect::<Vec<_>>())
    };
    let seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    let public = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    assert_eq!(public_key(&seed).unwrap(), public);
    assert!(check_public_key(&public).is_ok());
}

#[test]
fn a_good_signature_of_one_who_may_is_enough_and_others_do_not_count() {
    let signers = BTreeMap::from([("alice".to_owned(), signer(1, None))]);
    let alice = sign("alice", &seed(1), &text()).unwrap();
    let (read, good) = verify(&signed(vec![alice.clone()]), &signers).unwrap();
    assert_eq!((read.generation.0, good.into_iter().collect::<Vec<_>>()), (3, vec!["alice".to_owned()]));
    let mallory = sign("mallory", &seed(2), &text()).unwrap();
    let (_, good) = verify(&signed(vec![mallory, alice.clone(), alice]), &signers).unwrap();
    assert_eq!(good.len(), 1, "nobody counts twice");
}

#[test]
fn every_other_signature_is_refused_by_name() {
    let expired = signer(1, Some(at(1_000)));
    let signers = BTreeMap::from([("alice".to_owned(), signer(1, None)), ("bob".to_owned(), expired)]);
    let good = sign("alice", &seed(1), &text()).unwrap();
    let refused = |one: BaselineSignature| verify(&signed(vec![one]), &signers).unwrap_err().to_string();
    assert!(refused(sign("mallory", &seed(1), &text()).unwrap()).contains("`mallory` may not sign"));
    assert!(refused(sign("alice", &seed(2), &text()).unwrap()).contains("another key"));
    assert!(refused(sign("alice", &seed(1), "something else").unwrap()).contains("something else"));
    assert!(refused(sign("bob", &seed(1), &text()).unwrap()).contains("expired"));
    assert!(refused(BaselineSignature { signature: "?".to_owned(), ..good }).contains("no signature"));
    assert!(verify(&signed(Vec::new()), &signers).unwrap_err().to_string().contains("none at all"));
}

#[test]
fn a_text_that_was_changed_by_one_byte_is_refused() {
    let signers = BTreeMap::from([("alice".to_owned(), signer(1, None))]);
    let mut signed = signed(vec![sign("alice", &seed(1), &text()).unwrap()]);
    signed.text = signed.text.replacen("root on n1", "root on n2", 1);
    assert!(matches!(verify(&signed, &signers), Err(RefusedBaseline::NotSigned(_))));
}

#[test]
fn a_baseline_of_a_future_version_and_what_is_none_are_told_apart() {
    let read = |text: String| verify(&SignedBaseline { text, signatures: Vec::new() }, &BTreeMap::new());
    let future = text().replacen("\"version\":1", "\"version\":99", 1);
    assert!(read(future).unwrap_err().to_string().contains("newer Steadfast"));
    assert!(read("{}".to_owned()).unwrap_err().to_string().contains("not a Steadfast document"));
}

#[test]
fn what_is_no_key_is_refused() {
    for bad in ["", "x", "AAAA", &STANDARD.encode([1; 31])] {
        assert_eq!(sign("alice", bad, "text"), Err(InvalidKey));
        assert_eq!(check_public_key(bad), Err(InvalidKey));
    }
}
