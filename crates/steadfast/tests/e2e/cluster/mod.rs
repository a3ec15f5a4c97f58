//! A cluster to test: hosts of a lab, each with a node's file, and the steps that tests share.

pub(crate) mod ask;
mod calm;
mod node;
mod run;
mod slot;

pub(crate) use node::{Node, PORT};
pub(crate) use run::Ran;
pub(crate) use slot::Slot;

use lab::Lab;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// How long a state is waited for. What takes longer on the slowest machine is a defect.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks. Each look is a process or two, which the machine has better uses for.
const LOOK: Duration = Duration::from_millis(40);

/// The name of the cluster that [`Cluster::formed`] forms.
pub(crate) const NAME: &str = "shop";

/// The path of the test that this stands in.
macro_rules! test_name {
    () => {{
        fn here() {}
        std::any::type_name_of_val(&here).trim_start_matches("e2e::").trim_end_matches("::here")
    }};
}

/// `hosts!(3)`: three hosts with a node's file each, on which nothing runs yet. Leaves the test,
/// with a word about it, where hosts cannot be made.
macro_rules! hosts {
    ($hosts:expr) => {{
        let Some(cluster) = crate::cluster::Cluster::prepared(test_name!(), $hosts) else { return };
        cluster
    }};
}

/// `formed!(3)`: three hosts whose nodes form one cluster; `formed!(3 of 4)`: with a host to spare.
macro_rules! formed {
    ($members:literal) => {
        formed!($members of $members)
    };
    ($members:literal of $hosts:literal) => {{
        let cluster = hosts!($hosts);
        cluster.form(1..=$members);
        cluster
    }};
}

/// The hosts of a test.
pub(crate) struct Cluster {
    test: String,
    lab: Lab,
    _slot: Slot,
}

impl Cluster {
    /// Hosts on which nothing runs; see `hosts!`.
    pub(crate) fn prepared(test: &str, hosts: usize) -> Option<Self> {
        let slot = Slot::wait();
        let cluster = Self { test: test.to_owned(), lab: lab::or_skip(test, hosts)?, _slot: slot };
        for node in cluster.nodes() {
            node.configure(&node.usual_config());
        }
        Some(cluster)
    }

    /// Starts the nodes with these numbers; the first forms a cluster and the others join it.
    pub(crate) fn form(&self, numbers: impl IntoIterator<Item = u8>) {
        let nodes: Vec<_> = numbers.into_iter().map(|number| self.node(number)).collect();
        for node in &nodes {
            node.start();
        }
        let (first, others) = nodes.split_first().expect("a cluster has a node");
        first.ok(&format!("init --name {NAME}"));
        for other in others {
            other.join(*first);
        }
        self.settled(&nodes);
    }

    /// The hosts and their faults.
    pub(crate) fn lab(&self) -> &Lab {
        &self.lab
    }

    /// The node with this number: 1 for `n1`.
    pub(crate) fn node(&self, number: u8) -> Node<'_> {
        Node::new(&self.lab.hosts()[usize::from(number) - 1])
    }

    /// All nodes, by name in the test.
    pub(crate) fn all<const N: usize>(&self) -> [Node<'_>; N] {
        let nodes: Vec<_> = self.nodes().collect();
        nodes.try_into().unwrap_or_else(|nodes: Vec<_>| panic!("{} hosts are not {N}", nodes.len()))
    }

    /// Every host's node, member or not.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        self.lab.hosts().iter().map(Node::new)
    }

    /// The nodes but for one.
    pub(crate) fn others(&self, but: Node<'_>) -> Vec<Node<'_>> {
        self.nodes().filter(|node| node.name() != but.name()).collect()
    }

    /// Waits until these nodes, and no others, are up in each other's eyes, under one leader and at
    /// one revision. Returns the leader.
    pub(crate) fn settled<'c>(&'c self, members: &[Node<'_>]) -> Node<'c> {
        let names: BTreeSet<_> = members.iter().map(|node| node.name()).collect();
        let leader = wait_for(&format!("{names:?} to agree"), || {
            let views: Vec<_> = members.iter().map(|node| node.try_status()).collect::<Option<_>>()?;
            let first = &views[0];
            let agree = views.iter().all(|view| {
                let seen: BTreeSet<_> = view.nodes.iter().map(|node| node.name.as_str()).collect();
                view.quorum.has
                    && view.leader == first.leader
                    && view.revision == first.revision
                    && seen == names
                    && view.nodes.iter().all(|node| node.state == api::NodeState::Up)
            });
            first.leader.clone().filter(|_| agree)
        });
        self.nodes().find(|node| node.name() == leader).expect("it is one of them")
    }

    /// Waits until one of these nodes leads, in the eyes of all of them, whoever else is missing.
    pub(crate) fn led_by_one_of<'c>(&'c self, members: &[Node<'_>]) -> Node<'c> {
        let names: Vec<_> = members.iter().map(|node| node.name()).collect();
        let leader = wait_for(&format!("one of {names:?} to lead"), || {
            let views: Vec<_> = members.iter().map(|node| node.try_status()).collect::<Option<_>>()?;
            let leader = views[0].leader.clone()?;
            let agree = views.iter().all(|view| view.quorum.has && view.leader.as_ref() == Some(&leader));
            (agree && names.contains(&leader.as_str())).then_some(leader)
        });
        self.nodes().find(|node| node.name() == leader).expect("it is one of them")
    }
}

impl Drop for Cluster {
    /// The lab shows the daemons' logs; this shows what the nodes say while they still can.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for node in self.nodes() {
            let said = node.last_words();
            // Standard error is all there is to report to.
            let _ = writeln!(std::io::stderr(), "--- {}: {}, its status\n{said}", self.test, node.name());
        }
    }
}

/// Looks until there is something.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "still waiting for {what} after {PATIENCE:?}");
        std::thread::sleep(LOOK);
    }
}

/// Looks until it holds.
#[track_caller]
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    wait_for(what, || holds().then_some(()));
}
