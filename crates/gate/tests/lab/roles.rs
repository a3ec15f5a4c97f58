//! Processes of their own, that can be stopped and killed: this very program, told what to do by its
//! environment.

use crate::common::*;
use gate::{Choice, Gate, boot_now_ns};
use lab::Host;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::UdpSocket;
use std::process::{Child, ChildStdout, Stdio};

const ROLE: &str = "STEADFAST_GATE_ROLE";
const CHOICE: &str = "STEADFAST_GATE_CHOICE";

/// Where a writer stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// It has its grant, and no gate yet.
    Granted,
    /// It has opened the gate, and written nothing.
    GateOpened,
    /// It has opened one address, and not the other.
    OneWritten,
    /// It has opened the addresses.
    Written,
    /// It has renewed them once, and has a third grant.
    GrantedAgain,
    /// It has renewed them twice.
    Renewed,
}

impl Step {
    pub(crate) const ALL: [Self; 6] =
        [Self::Granted, Self::GateOpened, Self::OneWritten, Self::Written, Self::GrantedAgain, Self::Renewed];

    /// Whether the addresses are open there.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Written | Self::GrantedAgain | Self::Renewed)
    }
}

/// A process of a host with a role.
pub(crate) struct Helper {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Helper {
    /// One with this role.
    pub(crate) fn start(host: &Host, role: &str, choice: Choice) -> Self {
        Self::start_by(host, "exec", role, choice)
    }

    /// One that a shell starts with this before it.
    pub(crate) fn start_by(host: &Host, before: &str, role: &str, choice: Choice) -> Self {
        let own = std::env::current_exe().expect("it runs");
        let line = format!("{before} {} --exact roles::what_a_helper_does --nocapture", own.display());
        let command = host.command("sh").args(["-c", &line]);
        let command = command.env(ROLE, role).env(CHOICE, format!("{choice:?}"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let output = BufReader::new(child.stdout.take().expect("it was asked for"));
        Self { child, output }
    }

    pub(crate) fn writer(host: &Host, choice: Choice, step: Step) -> Self {
        Self::start(host, &format!("{step:?}"), choice)
    }

    /// The rest of the next line that begins with this word.
    pub(crate) fn says(&mut self, word: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            let count = self.output.read_line(&mut line).expect("it is there");
            assert!(count > 0, "it ended before it said {word}");
            // The test harness may have begun the line.
            if let Some((_, rest)) = line.split_once(word) {
                return rest.trim().to_owned();
            }
        }
    }

    /// Waits until it says that it is about to stand still, stops it, and lets it find out; the deadline
    /// of its last grant.
    pub(crate) fn stands_still(&mut self) -> u64 {
        let deadline = self.says("DEADLINE").parse().expect("a number");
        self.signal(Signal::STOP);
        let stat = format!("/proc/{}/stat", self.child.id());
        let stopped = || std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") T "));
        lab::eventually("the writer standing still", PATIENCE, stopped);
        // It waits for a line before the next step, so that it is stopped in no other.
        self.child.stdin.take().expect("it has one").write_all(b"go on\n").expect("it is there");
        deadline
    }

    /// Lets it go on, to its end.
    pub(crate) fn goes_on(mut self) {
        self.signal(Signal::CONT);
        self.says("DONE");
        self.child.wait().expect("it ends");
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("it is a process");
        kill_process(pid, signal).expect("it runs");
    }
}

/// Does what the environment says; as a test, it does nothing.
#[test]
fn what_a_helper_does() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let choice = std::env::var(CHOICE).expect("said with the role");
    let choice = CHOICES.into_iter().find(|known| format!("{known:?}") == choice).expect("it is one");
    match role.as_str() {
        "holds" => hold(choice),
        "serves" => serve(),
        "probes" => tell(&format!("PROBED {:?}", gate::probe())),
        step => {
            let step = Step::ALL.into_iter().find(|known| format!("{known:?}") == step);
            write(step.expect("a step"), choice);
        }
    }
    tell("DONE");
}

/// One line to whoever started this process.
fn tell(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("somebody reads it");
}

/// Opens both addresses for long, and holds the gate until it is killed.
fn hold(choice: Choice) {
    let (mut gate, _) = Gate::open_or_adopt("n1", choice, None).expect("permitted");
    let deadline = after(LONG);
    for own in ADDRESSES {
        gate.set(address(own), deadline).expect("set");
    }
    tell(&format!("DEADLINE {deadline}"));
    std::thread::sleep(LONG);
}

/// Answers datagrams on all addresses of the host, on a port of its own.
fn serve() {
    // One of IPv6 for everything takes IPv4 as well.
    let socket = UdpSocket::bind("[::]:0").expect("any port");
    tell(&format!("PORT {}", socket.local_addr().expect("bound").port()));
    let mut buffer = [0; 64];
    loop {
        if let Ok((count, from)) = socket.recv_from(&mut buffer) {
            // One that the gate drops is an error here.
            let _ = socket.send_to(&buffer[..count], from);
        }
    }
}

/// Gets grants and writes them down, as a daemon does, and stands still at one step.
fn write(still: Step, choice: Choice) {
    let lease = u64::try_from(LEASE.as_nanos()).expect("small");
    let mut deadline = boot_now_ns() + lease;
    let pause = |step: Step, deadline: u64| {
        if step == still {
            tell(&format!("DEADLINE {deadline}"));
            std::io::stdin().read_line(&mut String::new()).expect("it is read");
        }
    };
    pause(Step::Granted, deadline);
    let (mut gate, _) = Gate::open_or_adopt("n1", choice, None).expect("permitted");
    pause(Step::GateOpened, deadline);
    // Errors are what is wanted of what comes late.
    let _ = gate.set(address(ADDRESSES[0]), deadline);
    pause(Step::OneWritten, deadline);
    let _ = gate.set(address(ADDRESSES[1]), deadline);
    pause(Step::Written, deadline);
    if still == Step::GrantedAgain || still == Step::Renewed {
        deadline = boot_now_ns() + lease;
        ADDRESSES.iter().for_each(|own| gate.set(address(own), deadline).expect("renewed"));
        deadline = boot_now_ns() + lease;
        pause(Step::GrantedAgain, deadline);
        let _ = ADDRESSES.map(|own| gate.set(address(own), deadline));
        pause(Step::Renewed, deadline);
    }
}
