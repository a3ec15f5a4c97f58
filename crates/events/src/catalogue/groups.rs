//! Whose groups are, what is wanted of them, and what becomes of that. Own ids 20900 to 20999.

use model::{GroupName, NodeName};

catalogue! {
    1205 GroupFailed "GROUP_FAILED" Error {
        /// which group
        group: GroupName,
        /// how it is
        state: String,
        /// why
        reason: String,
    } => "Group {group} is {state}, and the cluster does no more about it by itself: {reason}."
    cause: "It could not be started or stopped anywhere that it may be, or it failed more often than its \
            `failovers` allow, or what could not be stopped keeps it where it is.",
    remedy: "`steadfast explain GROUP` says what is in the way on each node, and `steadfast group show GROUP` why \
             a resource failed. Once that is mended: `steadfast resource clear RESOURCE`.";

    20901 GroupOwned "GROUP_OWNED" Information {
        /// which group
        group: GroupName,
        /// who has it now
        node: NodeName,
        /// its ownership generation
        generation: u64,
    } => "Group {group} is {node}'s now, in generation {generation}."
    cause: "It is to run there: it was started, moved by hand, moved back, or taken over from a node or a \
            resource that failed.",
    remedy: "Nothing is wrong. `steadfast explain GROUP` says why it is there, and `steadfast plan --history` \
             what was decided when.";

    20902 OwnershipRevoked "OWNERSHIP_REVOKED" Warning {
        /// the lost node
        node: NodeName,
        /// what it had
        groups: String,
    } => "{node} is lost; what it had may be taken over once its lease has ended: {groups}."
    cause: "No heartbeat of the node arrived on any network for longer than the profile's silence, or it was \
            evicted.",
    remedy: "`steadfast explain GROUP` says how long the takeover of a group waits and why. For one that \
             nothing protects, make sure that the node is off, then `steadfast node confirm-down NODE`.";

    20903 NodeConfirmedDown "NODE_CONFIRMED_DOWN" Warning {
        /// which node
        node: NodeName,
        /// what it had
        groups: String,
        /// who asked
        by: String,
    } => "{by} has confirmed that {node} is down; what it had is free: {groups}."
    cause: "`steadfast node confirm-down` was run: a person vouches that nothing runs on that node.",
    remedy: "If the node was not down, its groups may run twice now: power it off at once. `steadfast status` \
             shows where they are.";

    20904 GroupWanted "GROUP_WANTED" Information {
        /// which group
        group: GroupName,
        /// how it is wanted
        wanted: String,
        /// who asked
        by: String,
    } => "{by} wants group {group} {wanted}."
    cause: "`steadfast group online` or `steadfast group offline` was run.",
    remedy: "Nothing is wrong. A group that is wanted offline stays so until `steadfast group online GROUP`.";

    20905 GroupMoveRequested "GROUP_MOVE_REQUESTED" Information {
        /// which group
        group: GroupName,
        /// where to
        to: String,
        /// who asked
        by: String,
    } => "{by} wants group {group} to be moved: {to}."
    cause: "`steadfast group move` was run.",
    remedy: "Nothing is wrong. The group stays where it was moved to until something else is asked for, or it \
             cannot be there.";

    20906 MaintenanceChanged "MAINTENANCE_CHANGED" Warning {
        /// what it is about
        what: String,
        /// whether it is in maintenance now
        on: bool,
        /// who asked
        by: String,
    } => "{by} changed the maintenance of {what}; in maintenance: {on}."
    cause: "`steadfast maintenance` was run. What is in maintenance is looked at, and nothing is done with it.",
    remedy: "While it is true, nothing is restarted or taken over: end it with `steadfast maintenance off`.";

    20907 NodeIntentChanged "NODE_INTENT_CHANGED" Information {
        /// which node
        node: NodeName,
        /// what it is to be
        wanted: String,
        /// who asked
        by: String,
    } => "{by} wants node {node} to be {wanted}."
    cause: "`steadfast node drain`, `steadfast node pause` or `steadfast node resume` was run.",
    remedy: "Nothing is wrong. A node that is drained or paused gets no groups until `steadfast node resume NODE`.";

    20908 FailuresCleared "FAILURES_CLEARED" Information {
        /// of what
        what: String,
        /// who asked
        by: String,
    } => "{by} cleared the failures of {what}."
    cause: "`steadfast resource clear` was run.",
    remedy: "Nothing is wrong. It is tried again wherever it may be.";

    20909 TakeoverNotSafe "TAKEOVER_NOT_SAFE" Critical {
        /// which group
        group: GroupName,
        /// whose it is
        node: NodeName,
        /// why
        reason: String,
    } => "Group {group} stays down: {node}, which has it, is lost, and may still run it: {reason}."
    cause: "What the group runs is exclusive by its processes, and nothing ends those on a node that has stalled: \
            no gate, no watchdog, no fence.",
    remedy: "Make sure that the node is powered off, then `steadfast node confirm-down NODE`. So that it is taken \
             over by itself the next time, `steadfast explain GROUP` names what would make that safe.";

    20910 GuestPausesNotCovered "GUEST_PAUSES_NOT_COVERED" Warning {
        /// how long a pause may be
        limit_ms: u64,
    } => "This node is a virtual machine; leases do not cover a hypervisor that pauses it for longer than {limit_ms} ms."
    cause: "A hypervisor that pauses a guest stops all of its clocks, so its leases seem to it to go on. It notices \
            the pause with its next grant, and stops everything then; until then two nodes may have a group.",
    remedy: "Do not suspend or live-migrate this machine while it has groups: `steadfast node drain NODE` before. If \
             its hypervisor pauses it for no longer than, say, a second, say so in the file (`assume_pause_below = \"1s\"` \
             in `[cluster]`): takeovers from it wait for so much longer, and such pauses are covered.";

    20911 WatchdogArmed "WATCHDOG_ARMED" Information {
        /// its device
        device: String,
        /// what its driver calls it
        identity: String,
        /// its time-out
        timeout_s: u64,
    } => "The watchdog {device} ({identity}) is armed: it restarts this node {timeout_s} s after it was last fed."
    cause: "`watchdog` in steadfast.toml names it, and nothing runs here that the daemon does not know of.",
    remedy: "Nothing is wrong. What is exclusive by its processes is taken over from this node by itself from now on; \
             `steadfast explain GROUP` says after how long.";

    20912 WatchdogNotArmed "WATCHDOG_NOT_ARMED" Error {
        /// its device
        device: String,
        /// why
        problem: String,
    } => "This node goes on without its watchdog {device}: {problem}."
    cause: "The device is missing, in use by another program (systemd's RuntimeWatchdogSec=, the package watchdog), \
            cannot be disarmed or fed, or does not take the time-out.",
    remedy: "Until it is armed, what is exclusive by its processes is not taken over from this node by itself: somebody \
             has to confirm that the node is down. `wdctl` shows the watchdogs of the machine, `fuser -v DEVICE` who \
             has one. It is tried again every few seconds; a change of steadfast.toml needs \
             `systemctl restart steadfast`.";

    20913 WatchdogUnfed "WATCHDOG_UNFED" Critical {
        /// which group
        group: GroupName,
        /// within how long the node is restarted
        within_s: u64,
    } => "Group {group} may still run here, its lease has ended, and so the watchdog is not fed any more: this node is \
          restarted within {within_s} s unless the group is stopped before."
    cause: "A resource of the group did not stop, or its monitor does not answer, and nothing but the watchdog keeps it \
            from running on two nodes.",
    remedy: "The group is taken over by another node. `steadfast events --id 1069` says what did not stop; \
             `journalctl -b -1 -e` shows the end of the machine's life before.";
}
