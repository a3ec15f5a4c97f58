//! The site of most tests: two hosts, addresses on the first, something that answers there, and the gate.

use gate::{Choice, Coverage, Gate, boot_now_ns};
use lab::{Host, Lab, Network};
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

/// Generous: the machine may be doing a hundred other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Long enough to see an address open, short enough to wait for its end.
pub(crate) const LEASE: Duration = Duration::from_secs(2);

/// How long after a deadline a packet may still be on its way, on a machine that does a hundred other things.
pub(crate) const EPSILON: Duration = Duration::from_secs(1);

/// Longer than any test.
pub(crate) const LONG: Duration = Duration::from_secs(600);

/// How long one datagram is waited for. It takes microseconds; one that takes longer only makes a test ask
/// again.
const FLIGHT: Duration = Duration::from_millis(50);

/// The clustered addresses.
pub(crate) const ADDRESSES: [&str; 2] = ["10.99.0.100", "fd99::100"];

/// Every sort of gate.
pub(crate) const CHOICES: [Choice; 3] = [Choice::Best, Choice::BpfByTrafficControl, Choice::Nftables];

pub(crate) fn address(text: &str) -> IpAddr {
    text.parse().expect("it is an address")
}

/// This far from now, on the clock of deadlines.
pub(crate) fn after(time: Duration) -> u64 {
    boot_now_ns() + u64::try_from(time.as_nanos()).expect("below centuries")
}

/// Two hosts; nothing, and `SKIPPED`, where there can be none, or no gate of that sort.
pub(crate) fn site(test: &str, choice: Choice) -> Option<Lab> {
    let lab = lab::or_skip(test, 2)?;
    let permits = lab.hosts()[0].within(gate::probe).expect("n1 is up");
    let permit = if choice == Choice::Nftables { permits.nftables } else { permits.addresses };
    if let Err(refusal) = permit {
        lab::skip(test, &refusal.to_string());
        return None;
    }
    for address in ADDRESSES {
        give(&lab.hosts()[0], address, "eth0");
    }
    Some(lab)
}

/// Gives a host a clustered address.
pub(crate) fn give(host: &Host, address: &str, interface: &str) {
    if address.contains(':') {
        run(host, &format!("ip addr add {address}/64 dev {interface} nodad"));
    } else {
        run(host, &format!("ip addr add {address}/24 dev {interface}"));
    }
}

/// Opens the gate of `n1`, which covers everything.
pub(crate) fn open(host: &Host, choice: Choice) -> Gate {
    let opened = host.within(|| Gate::open_or_adopt("n1", choice, None)).expect("n1 is up");
    let (gate, coverage) = opened.expect("this machine permits it");
    assert_eq!(coverage.uncovered, [], "{choice:?}");
    gate
}

/// Has the gate cover what is there now.
pub(crate) fn cover(host: &Host, gate: &mut Gate) -> Coverage {
    host.within(|| gate.cover()).expect("the host is up").expect("it can be looked at")
}

/// Runs a command line, which has to succeed; what it printed.
pub(crate) fn run(host: &Host, line: &str) -> String {
    let output = host.command("sh").args(["-c", line]).output().expect("it starts");
    assert!(output.status.success(), "{line} on {}: {output:?}", host.name());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Answers every datagram, on a thread of this process with a socket of that host, until it is dropped.
pub(crate) struct Echo {
    pub(crate) at: SocketAddr,
    socket: UdpSocket,
    thread: Option<std::thread::JoinHandle<()>>,
    ended: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl Echo {
    pub(crate) fn on(host: &Host, address: IpAddr) -> Self {
        Self::with(host.within(|| UdpSocket::bind((address, 0))).expect("it is up").expect("bound"))
    }

    pub(crate) fn with(socket: UdpSocket) -> Self {
        socket.set_read_timeout(Some(FLIGHT)).expect("not zero");
        let ended = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (own, end) = (socket.try_clone().expect("copied"), ended.clone());
        let answer = move || {
            let mut buffer = [0; 64];
            while !end.load(std::sync::atomic::Ordering::Relaxed) {
                if let Ok((count, from)) = own.recv_from(&mut buffer) {
                    // One that the gate drops is an error here.
                    let _ = own.send_to(&buffer[..count], from);
                }
            }
        };
        let at = socket.local_addr().expect("it is bound");
        Self { at, socket, thread: Some(std::thread::spawn(answer)), ended }
    }

    /// Whether it answers that client.
    pub(crate) fn answers(&self, client: &Host) -> bool {
        asks(client, self.at)
    }

    /// Waits until it answers.
    #[track_caller]
    pub(crate) fn is_heard(&self, client: &Host, when: &str) {
        lab::eventually(&format!("an answer from {} {when}", self.at), PATIENCE, || self.answers(client));
    }

    /// Fails if it answers any of some questions.
    #[track_caller]
    pub(crate) fn is_silent(&self, client: &Host, when: &str) {
        for _ in 0..4 {
            assert!(!self.answers(client), "{} answered {when}", self.at);
        }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.ended.store(true, std::sync::atomic::Ordering::Relaxed);
        // The socket's own time-out ends the wait.
        let _ = self.socket.set_nonblocking(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Whether something at that place answers a datagram of that host.
pub(crate) fn asks(client: &Host, at: SocketAddr) -> bool {
    let any: IpAddr = if at.is_ipv4() { [0; 4].into() } else { [0; 16].into() };
    let socket = client.within(|| UdpSocket::bind((any, 0))).expect("it is up").expect("any port");
    socket.set_read_timeout(Some(FLIGHT)).expect("not zero");
    if socket.send_to(b"hello", at).is_err() {
        // Nobody answered an earlier address resolution.
        return false;
    }
    match socket.recv_from(&mut [0; 16]) {
        Ok((_, from)) => from.ip() == at.ip(),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => false,
        Err(error) => panic!("receive from {at}: {error}"),
    }
}

/// Asks both until the deadline and an epsilon have passed; how many answers came of each, and fails if one
/// came later.
#[track_caller]
pub(crate) fn asks_past(client: &Host, echoes: &[Echo; 2], deadline_boot_ns: u64) -> [usize; 2] {
    let last_allowed = deadline_boot_ns + u64::try_from(EPSILON.as_nanos()).expect("small");
    let mut answers = [0; 2];
    while boot_now_ns() < last_allowed {
        for (echo, answers) in echoes.iter().zip(&mut answers) {
            *answers += usize::from(echo.answers(client));
        }
    }
    echoes.iter().for_each(|echo| echo.is_silent(client, "after its deadline"));
    answers
}

/// Waits until a moment has passed.
pub(crate) fn wait_past(deadline_boot_ns: u64) {
    lab::eventually("a deadline", PATIENCE, || boot_now_ns() > deadline_boot_ns);
}

/// The address of `n1` that is nobody's but its own.
pub(crate) fn plain(host: &Host) -> [IpAddr; 2] {
    [host.ipv4(Network::First).into(), host.ipv6(Network::First).into()]
}
