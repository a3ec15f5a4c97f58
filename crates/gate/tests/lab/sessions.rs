//! Sessions from before a gate closed.

use crate::common::*;
use gate::{Choice, destroy_sockets};
use lab::{Host, Lab};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

/// A session of a client with something on an address of `n1`; the listener goes on.
struct Session {
    listener: TcpListener,
    server: TcpStream,
    client: TcpStream,
}

/// How long a read waits before it is asked again.
const MOMENT: Duration = Duration::from_millis(50);

fn session(lab: &Lab, own: IpAddr, listen: IpAddr) -> Session {
    let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
    let listener = n1.within(|| TcpListener::bind((listen, 0))).expect("n1 is up").expect("bound");
    let at = SocketAddr::new(own, listener.local_addr().expect("bound").port());
    let client = n2.within(|| TcpStream::connect(at)).expect("n2 is up").expect("it listens");
    let (server, _) = listener.accept().expect("accepted");
    for end in [&client, &server] {
        end.set_read_timeout(Some(MOMENT)).expect("not zero");
    }
    Session { listener, server, client }
}

/// What one end reads: something, the session's end, or nothing yet.
fn reads(mut end: &TcpStream) -> Option<Result<usize, ErrorKind>> {
    match end.read(&mut [0; 16]) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => None,
        other => Some(other.map_err(|error| error.kind())),
    }
}

/// The addresses, and what a server of each listens on: itself, or everything.
fn ways() -> [(IpAddr, IpAddr); 4] {
    let [v4, v6] = ADDRESSES.map(address);
    // A socket of IPv6 for everything takes IPv4 too, under a mapped address.
    [(v4, v4), (v6, v6), (v4, address("::")), (v6, address("::"))]
}

#[test]
fn a_session_that_is_not_ended_comes_back_and_one_that_is_does_not() {
    let name = "a_session_that_is_not_ended_comes_back_and_one_that_is_does_not";
    let Some(lab) = site(name, Choice::Best) else { return };
    let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
    let mut gate = open(n1, Choice::Best);
    for (own, listen) in ways() {
        gate.set(own, after(LONG)).expect("opened");
        let Session { listener, server, mut client } = session(&lab, own, listen);
        gate.close(own).expect("closed");
        client.write_all(b"kept").expect("it is in the kernel");
        assert_eq!(reads(&server), None, "nothing passes a closed gate");
        gate.set(own, after(LONG)).expect("opened");
        // Why sessions have to be ended: this one goes on where it was.
        lab::eventually("what was sent meanwhile", PATIENCE, || matches!(reads(&server), Some(Ok(4))));

        gate.close(own).expect("closed");
        client.write_all(b"lost").expect("it is in the kernel");
        let ended = n1.within(|| destroy_sockets(own)).expect("n1 is up").expect("this kernel can");
        assert_eq!(ended, 1, "{own} on {listen}");
        gate.set(own, after(LONG)).expect("opened");
        assert!(matches!(reads(&server), Some(Err(_) | Ok(0))), "the server's end is gone");
        let refused = || matches!(reads(&client), Some(Err(ErrorKind::ConnectionReset)));
        lab::eventually("the client being told", PATIENCE, refused);

        // Whoever listened does so still.
        let at = SocketAddr::new(own, listener.local_addr().expect("bound").port());
        let next = n2.within(|| TcpStream::connect(at)).expect("n2 is up");
        drop(next.expect("new sessions are welcome"));
    }
}

#[test]
fn only_the_sessions_of_that_address_end() {
    let Some(lab) = site("only_the_sessions_of_that_address_end", Choice::Best) else { return };
    let [n1, n2] = lab.hosts() else { unreachable!("two were asked for") };
    let end = |own: &str| n1.within(|| destroy_sockets(address(own))).expect("n1 is up").expect("it can");
    assert_eq!(end("10.99.0.100"), 0, "there is none");
    let plain = session(&lab, plain(n1)[0], plain(n1)[0]);
    let [four, six] = ADDRESSES.map(|own| session(&lab, address(own), address(own)));
    // One that nobody accepted, one of UDP, and a socket of UDP that has no session.
    let waiting = SocketAddr::new(address(ADDRESSES[0]), four.listener.local_addr().expect("bound").port());
    let waiting = n2.within(|| TcpStream::connect(waiting)).expect("n2 is up").expect("it listens");
    let datagrams = udp(n1, Some(SocketAddr::new(n2.ipv4(lab::Network::First).into(), 9)));
    let free = udp(n1, None);

    assert_eq!(end(ADDRESSES[0]), 3);
    assert!(datagrams.send(b"x").is_err(), "it has ended");
    assert!(free.send_to(b"x", (n2.ipv4(lab::Network::First), 9)).is_ok());
    for mut kept in [plain.client, six.client] {
        kept.write_all(b"kept").expect("it is there");
    }
    for kept in [plain.server, six.server] {
        lab::eventually("what was sent", PATIENCE, || matches!(reads(&kept), Some(Ok(4))));
    }
    let refused = |end: &TcpStream| matches!(reads(end), Some(Err(ErrorKind::ConnectionReset)));
    lab::eventually("both clients being told", PATIENCE, || refused(&four.client));
    lab::eventually("both clients being told", PATIENCE, || refused(&waiting));
}

fn udp(host: &Host, peer: Option<SocketAddr>) -> UdpSocket {
    let open = || {
        let socket = UdpSocket::bind((ADDRESSES[0], 0)).expect("the address is there");
        if let Some(peer) = peer {
            socket.connect(peer).expect("connected");
        }
        socket
    };
    host.within(open).expect("it is up")
}
