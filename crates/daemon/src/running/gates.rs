//! The lease gate of this node, if the machine permits one.
//!
//! Where it does not, everything here does nothing: the groups fall back to the bound of their processes, and
//! the database says so ([`Gates::means`]), which is what a successor goes by.

use super::keeper::Kept;
use super::lifetimes::Lifetimes;
use crate::clock;
use crate::node::Node;
use execution::Target;
use gate::{Choice, Gate, GateError, Kind, Look, Looker};
use model::stored::{Actor, ClusterState, Command, GateKind, NodeMeans};
use model::{Moment, NodeId};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The gate, or why there is none.
pub(crate) struct Gates {
    node: String,
    gate: Option<Gate>,
    /// Why there is none, or what it does not cover.
    uncovered: Vec<String>,
    /// Who holds it while there is no daemon.
    kept: Kept,
    /// Where the processes of a resource are.
    cgroups: Option<PathBuf>,
    /// This machine is a virtual one.
    guest: bool,
    lifetimes: Lifetimes,
}

impl Gates {
    /// Of the node whose local socket is there.
    pub(crate) fn new(node: &str, socket: &Path) -> Self {
        Self {
            node: node.to_owned(),
            gate: None,
            uncovered: Vec::new(),
            kept: Kept::beside(socket),
            cgroups: None,
            guest: is_guest(),
            lifetimes: Lifetimes::default(),
        }
    }

    /// What keeps addresses beneath the gate.
    pub(crate) fn lifetimes(&self) -> &Lifetimes {
        &self.lifetimes
    }

    /// Where the cgroups of resources are, if there are any.
    pub(crate) fn put_cgroups(&mut self, folder: Option<PathBuf>) {
        self.cgroups = folder;
    }

    /// Opens the gate, or takes over the one that stands.
    pub(crate) fn open(&mut self) {
        let held = self.kept.find();
        match Gate::open_or_adopt(&self.node, Choice::Best, held) {
            Ok((gate, coverage)) => {
                let uncovered = coverage.uncovered.into_iter();
                self.uncovered = uncovered.map(|one| format!("{}: {}", one.interface, one.why)).collect();
                self.kept.is_for(&gate);
                self.gate = Some(gate);
            }
            Err(error) => {
                tracing::warn!(%error, "there is no lease gate on this node");
                self.uncovered = vec![error.to_string()];
            }
        }
    }

    /// What keeps it from counting, in words.
    fn problems(&self) -> Vec<String> {
        self.uncovered.iter().cloned().chain(self.kept.problem()).collect()
    }

    /// What looks where the gate is missing, if there is a gate.
    fn looker(&self) -> Option<Looker> {
        let looker = self.gate.as_ref()?.looker();
        looker.inspect_err(|error| tracing::warn!(%error, "it cannot be seen where the gate is missing")).ok()
    }

    /// The gate is put where a look has found that it is missing; what cannot be covered.
    fn covered(&mut self, look: Result<Look, GateError>) -> Vec<String> {
        let Some(gate) = &mut self.gate else { return self.problems() };
        self.uncovered = match look.and_then(|look| gate.covered(look)) {
            Ok(coverage) => {
                coverage.uncovered.into_iter().map(|one| format!("{}: {}", one.interface, one.why)).collect()
            }
            Err(error) => vec![error.to_string()],
        };
        self.problems()
    }

    /// The gate, and who keeps it.
    pub(super) fn keeping(&mut self) -> (Option<&Gate>, &mut Kept) {
        (self.gate.as_ref(), &mut self.kept)
    }

    /// What a successor may count on of them.
    pub(crate) fn means(&self) -> NodeMeans {
        let covered = self.gate.as_ref().filter(|_| self.problems().is_empty());
        let kind = covered.map(Gate::kind);
        NodeMeans {
            gate: kind.map(|kind| match kind {
                Kind::Bpf => GateKind::Bpf,
                Kind::Nftables => GateKind::Nftables,
            }),
            guest: self.guest,
            cgroup_gate: kind == Some(Kind::Bpf) && self.cgroups.is_some(),
            watchdog: None, // is no gate, and told by `watchdog`
        }
    }

    /// Opens gates: sessions of an earlier generation are ended first. What was `found` running goes on as it
    /// was, where its gate has not closed since.
    pub(crate) fn open_for(&mut self, targets: &[Target], until: Moment, found: bool) -> Result<(), String> {
        let stands = if found { self.open_addresses() } else { Vec::new() };
        for target in targets {
            if let Target::Address(address) = target
                && !stands.contains(address)
            {
                self.shut(target, *address).map_err(|error| error.to_string())?;
            }
        }
        for target in targets {
            self.set(target, deadline(until)).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Closes the gate of an address, and ends its sessions.
    fn shut(&mut self, target: &Target, address: IpAddr) -> Result<(), GateError> {
        self.set(target, 0)?;
        if let Err(error) = gate::destroy_sockets(address) {
            tracing::warn!(%error, %address, "sessions of an earlier owner may be left");
        }
        Ok(())
    }

    /// The addresses whose gates are open now.
    fn open_addresses(&mut self) -> Vec<IpAddr> {
        let now = gate::boot_now_ns();
        let standing = self.gate.as_mut().and_then(|gate| gate.standing().ok()).unwrap_or_default();
        let open = standing.into_iter().filter(|one| one.deadline_boot_ns > now);
        open.map(|one| one.address).collect()
    }

    /// Moves deadlines on; the kernel itself takes away what is `up` at the same time.
    pub(crate) fn renew(&mut self, targets: &[Target], up: &[IpAddr], until: Moment) {
        for target in targets {
            if let Err(error) = self.renew_one(target, until) {
                // It closes by itself, and the group is stopped and started anew.
                tracing::warn!(%error, ?target, "a gate cannot be renewed");
            }
        }
        self.lifetimes.keep(up, until);
    }

    fn renew_one(&mut self, target: &Target, until: Moment) -> Result<(), GateError> {
        match self.set(target, deadline(until)) {
            // It had timed out just before (its time is rounded down). The lease goes on, so nobody else has
            // had the address; one that has ended opens nothing.
            Err(GateError::Expired { address }) => {
                self.shut(target, address)?;
                self.set(target, deadline(until))
            }
            other => other,
        }
    }

    /// Closes gates at once.
    pub(crate) fn close(&mut self, targets: &[Target]) {
        for target in targets {
            if let Err(error) = self.set(target, 0) {
                tracing::warn!(%error, ?target, "a gate cannot be closed; it closes at its deadline");
            }
        }
    }

    /// Takes gates away: nothing that they were in front of is here any more.
    pub(crate) fn remove(&mut self, targets: &[Target]) {
        for target in targets {
            let path = self.path(target);
            let Some(gate) = &mut self.gate else { return };
            let removed = match (target, path.filter(|_| gate.kind() == Kind::Bpf)) {
                (Target::Address(address), _) => gate.remove(*address),
                (Target::Processes(_), Some(path)) => gate.remove_cgroup(&path),
                (Target::Processes(_), None) => Ok(()),
            };
            if let Err(error) = removed {
                tracing::warn!(%error, ?target, "a gate cannot be taken away");
            }
        }
    }

    fn path(&self, target: &Target) -> Option<PathBuf> {
        match target {
            Target::Address(_) => None,
            Target::Processes(id) => Some(self.cgroups.as_ref()?.join(id.file_name())),
        }
    }

    fn set(&mut self, target: &Target, deadline_ns: u64) -> Result<(), GateError> {
        let path = self.path(target);
        let Some(gate) = &mut self.gate else { return Ok(()) };
        // Of nftables it is in front of addresses alone.
        match (target, path.filter(|_| gate.kind() == Kind::Bpf)) {
            (Target::Address(address), _) => gate.set(*address, deadline_ns),
            (Target::Processes(_), Some(path)) => {
                // Its processes are started in it, so it has to be there before them.
                let _ = std::fs::create_dir_all(&path);
                gate.set_cgroup(&path, deadline_ns)
            }
            (Target::Processes(_), None) => Ok(()),
        }
    }
}

/// Whether a hypervisor runs this machine: every one says so in the processor's flags, and where there are
/// none, the kernel names it.
fn is_guest() -> bool {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = cpu.lines().find(|line| line.starts_with("flags"));
    flags.is_some_and(|flags| flags.split_whitespace().any(|flag| flag == "hypervisor"))
        || std::path::Path::new("/sys/hypervisor/type").exists()
}

/// Between two looks at whether all interfaces are covered.
const LOOK: Duration = Duration::from_secs(1);

/// And while the database does not say yet what guards this node, which keeps groups from it.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Covers new interfaces, and keeps the database told of what guards this node, for ever.
pub(crate) async fn look_after(node: Arc<Node>) {
    let mut told = Vec::new();
    let mut looker = None;
    if node.running.means().guest {
        let limit = node.timers().in_flight;
        let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        let limit_ms = node.state().spec.assume_pause_below_ms.unwrap_or(limit_ms);
        node.log.raise(events::GuestPausesNotCovered { limit_ms });
    }
    loop {
        super::keeper::see_to_it(&node).await;
        let problems = cover(&node, &mut looker).await;
        if problems != told {
            for problem in &problems {
                tracing::warn!(problem, "the lease gate does not cover everything");
            }
            told = problems;
        }
        let pause = if report(&node).await { LOOK } else { LOOK_AGAIN };
        tokio::select! {
            () = clock::beat(pause) => {}
            () = super::keeper::ended(&node) => {}
        }
    }
}

/// Covers what is not covered; what cannot be.
async fn cover(node: &Node, kept: &mut Option<Looker>) -> Vec<String> {
    let looker = kept.take().or_else(|| node.running.lock().gates.looker());
    if let Some(mut looker) = looker
        // It waits for a lock of the kernel.
        && let Ok((look, looker)) = tokio::task::spawn_blocking(move || (looker.look(), looker)).await
    {
        *kept = Some(looker);
        return node.running.lock().gates.covered(look);
    }
    node.running.lock().gates.problems()
}

/// The daemon stops in order. If nothing is gated any more, nothing has to be kept for the next one.
pub(crate) fn let_go(node: &Node) {
    let gates = &mut node.running.lock().gates;
    let nothing = gates.gate.as_mut().is_none_or(|gate| gate.standing().is_ok_and(|all| all.is_empty()));
    if nothing {
        gates.kept.let_go();
    }
}

/// Sees to it that the database says what guards this node; whether it does.
async fn report(node: &Arc<Node>) -> bool {
    let (Some(id), state, means) = (node.id(), node.state(), node.running.means()) else { return false };
    let Some(member) = state.nodes.get(&id) else { return false };
    super::with(node, |runner| runner.keeps_its_word(!member.means.promise_more_than(&means)));
    if member.means == means {
        return true;
    }
    let actor = Actor::Node(node.name().clone());
    // Without a majority it is tried again at the next look.
    let _ = node.write(actor, Command::ReportMeans { node: id, means }).await;
    false
}

/// Whether this node has what the database says that it has.
pub(super) fn keeps_its_word(node: &Node, id: NodeId, state: &ClusterState) -> bool {
    let means = node.running.means();
    state.nodes.get(&id).is_none_or(|member| !member.means.promise_more_than(&means))
}

fn deadline(until: Moment) -> u64 {
    u64::try_from(until.0.as_nanos()).unwrap_or(u64::MAX)
}
