//! Garbage, oversized and half-open connections on every port: refused, told, and in nobody's way.

use crate::cluster::ask::{exchange_if_heard, request};
use crate::cluster::{Node, PORT};
use events::{ConnectionsRefused, HeartbeatRejected};
use lab::Network;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;

/// Where a node serves: one address per network.
fn addresses(node: Node<'_>) -> [SocketAddr; 2] {
    Network::ALL.map(|network| (node.host().ipv4(network), PORT).into())
}

/// Bytes that look random and are the same in every run.
fn garbage(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let byte = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    };
    (0..length).map(byte).collect()
}

#[test]
fn garbage_on_every_port_disturbs_nobody() {
    let cluster = formed!(3 of 4);
    let [n1, n2, n3, stranger] = cluster.all();
    let calm = cluster.calm();
    let ca = n1.identity().ca_certificate;
    for (seed, address) in [n1, n2, n3].into_iter().flat_map(addresses).enumerate() {
        for length in [1, 100, 100_000] {
            let mut stream = stranger.within(|| TcpStream::connect(address)).unwrap();
            // The other side may have hung up already.
            let _ = stream.write_all(&garbage(length, seed as u64));
        }
        // A greeting that announces more than it holds.
        let mut stream = stranger.within(|| TcpStream::connect(address)).unwrap();
        stream.write_all(&[22, 3, 1, 255, 255, 1, 0, 255, 255]).unwrap();
        // Within TLS: what is no HTTP, and plain HTTP where TLS is spoken.
        let mut tls = stranger.connect(&address.to_string(), &ca, None);
        let _ = tls.write_all(&garbage(10_000, seed as u64));
        let mut stream = stranger.within(|| TcpStream::connect(address)).unwrap();
        stream.write_all(request("GET", api::paths::STATUS, "", "").as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP"), "nothing is said in plaintext");
    }
    cluster.settled(&[n1, n2, n3]);
    calm.held();
    n3.apply("[cluster]\nname = \"shop\"\n# undisturbed\n").ok();
}

#[test]
fn garbage_datagrams_are_dropped_and_told_once() {
    let cluster = formed!(3 of 4);
    let [n1, n2, n3, stranger] = cluster.all();
    let calm = cluster.calm();
    let socket = stranger.within(|| UdpSocket::bind("0.0.0.0:0")).unwrap();
    for address in [n1, n2, n3].into_iter().flat_map(addresses) {
        for length in [0, 1, 69, 70, 71, 1400, 65_000] {
            for seed in 0..200 {
                // A full queue of the sender's is none of the receiver's affair.
                let _ = socket.send_to(&garbage(length, seed), address);
            }
        }
    }
    for node in [n1, n2, n3] {
        let told = node.tells(HeartbeatRejected::ENTRY);
        assert!(told.fields["from"].as_str().unwrap().starts_with("10.99."), "{told:?}");
    }
    cluster.settled(&[n1, n2, n3]);
    calm.held();
    for node in [n1, n2, n3] {
        let told = node.told(HeartbeatRejected::ENTRY.id);
        assert!(told.len() <= 4, "a flood of datagrams is no flood of events: {told:#?}");
    }
}

#[test]
fn oversized_requests_are_refused_and_hold_nothing_up() {
    let cluster = formed!(2 of 3);
    let [n1, n2, stranger] = cluster.all();
    let calm = cluster.calm();
    let ca = n1.identity().ca_certificate;
    let huge = " ".repeat(16 << 20);
    // Who is hung up on while he talks may miss the answer.
    let refused_with = |code: u16, path: &str, headers: &str, body: &str| {
        let stream = stranger.connect(&n1.address(), &ca, None);
        if let Some(answer) = exchange_if_heard(stream, &request("POST", path, headers, body)) {
            assert_eq!(answer.status, code, "{path}: {answer:?}");
        }
    };
    refused_with(400, "/join/v1/request", "", &huge);
    // Who asks comes first.
    refused_with(401, api::paths::APPLY, "", &huge);
    refused_with(401, "/peer/v1/raft", "", &huge);
    let long = format!("x: {}\r\n", "y".repeat(1 << 20));
    refused_with(431, api::paths::STATUS, &long, "");
    refused_with(431, &format!("/{}", "z".repeat(1 << 20)), "", "");
    // Somebody who may ask is told how much is too much.
    let local = n1.ask_locally("POST", api::paths::APPLY, &huge);
    assert_eq!((local.status, local.problem().kind), (400, api::ProblemKind::BadRequest));
    cluster.settled(&[n1, n2]);
    calm.held();
}

#[test]
fn ten_thousand_half_open_connections_of_a_stranger_disturb_neither_heartbeats_nor_writes() {
    let cluster = formed!(3 of 4);
    let [n1, n2, n3, stranger] = cluster.all();
    let members = [n1, n2, n3];
    let leader = cluster.settled(&members);
    let calm = cluster.calm();
    let open = ten_thousand(stranger, leader, &members);
    leader.tells(ConnectionsRefused::ENTRY);
    cluster.settled(&members);
    calm.held();
    // The door is still open to those who have business there.
    stranger.start();
    stranger.join(leader);
    drop(open);
}

#[test]
fn ten_thousand_half_open_connections_from_a_member_s_host_do_not_crowd_its_daemon_out() {
    let cluster = formed!(3);
    let members = cluster.all::<3>();
    let leader = cluster.settled(&members);
    let calm = cluster.calm();
    let open = ten_thousand(cluster.others(leader)[0], leader, &members);
    leader.tells(ConnectionsRefused::ENTRY);
    cluster.settled(&members);
    calm.held();
    drop(open);
}

/// Opens them in rounds, between which a member writes.
fn ten_thousand(from: Node<'_>, to: Node<'_>, members: &[Node<'_>; 3]) -> Vec<TcpStream> {
    const ROUNDS: usize = 5;
    const IN_A_ROUND: usize = 2_000;
    allow_open_files((ROUNDS * IN_A_ROUND) as u64 + 1_000);
    let mut open = Vec::new();
    for round in 0..ROUNDS {
        open.extend(from.within(|| half_open(addresses(to)[0], IN_A_ROUND)));
        let file = format!("[cluster]\nname = \"shop\"\n# round {round}\n");
        members[round % 3].apply(&file).ok();
    }
    open
}

#[test]
fn other_users_who_hold_the_local_socket_open_do_not_keep_root_out() {
    let cluster = formed!(1);
    let [n1] = cluster.all();
    let nobody = rustix::process::Uid::from_raw(65_534);
    // The connections of a user who is not root, as many as one process may usually open.
    let open = n1.within(|| {
        rustix::thread::set_thread_uid(nobody).unwrap();
        let connect = |_| UnixStream::connect("/run/steadfast/steadfast.sock");
        (0..1_000).filter_map(|number| connect(number).ok()).collect::<Vec<_>>()
    });
    for mut stream in &open {
        let _ = stream.write_all(&garbage(20, 1));
    }
    assert!(n1.status().quorum.has);
    n1.apply("[cluster]\nname = \"shop\"\n# undisturbed\n").ok();
    drop(open);
}

/// Connections of which a third says nothing, a third begins a greeting, and a third says
/// something else; none goes on.
fn half_open(target: SocketAddr, count: usize) -> Vec<TcpStream> {
    let open = |number| {
        let mut stream = TcpStream::connect(target).unwrap();
        // The other side may have hung up already.
        let _ = match number % 3 {
            0 => Ok(()),
            1 => stream.write_all(&[22, 3, 1, 1, 0, 1, 0]),
            _ => stream.write_all(b"GET / HTTP/1.1\r\n"),
        };
        stream
    };
    (0..count).map(open).collect()
}

/// Root may; where even root may not, the connections that fail say so.
fn allow_open_files(files: u64) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    if now.current.is_some_and(|current| current < files) {
        let maximum = now.maximum.map(|maximum| maximum.max(files));
        setrlimit(Resource::Nofile, Rlimit { current: Some(files), maximum }).unwrap();
    }
}
