//! The life of a node's daemon, its event log and its clock. Own ids 20001 to 20099.

use model::stored::SoftwareVersion;
use model::{Incarnation, NodeName};

catalogue! {
    20001 DaemonStarted "DAEMON_STARTED" Information {
        /// what it runs
        software: SoftwareVersion,
        /// drawn anew at every start
        incarnation: Incarnation,
    } => "The node daemon started (version {software}, life {incarnation})."
    cause: "The service was started, or the machine was.",
    remedy: "Nothing is wrong. `steadfast status` shows the cluster as this node knows it.";

    1063 DaemonStopped "DAEMON_STOPPED" Information {
        /// why
        reason: String,
    } => "The node daemon stopped in order: {reason}."
    cause: "The service was stopped, or the machine shuts down.",
    remedy: "Nothing is wrong. Start it again with `systemctl start steadfast`.";

    20002 UncleanStop "UNCLEAN_STOP" Warning {
        /// the last event of that life
        last_seq: u64,
    } => "The daemon's previous life ended without stopping in order, some time after event {last_seq}."
    cause: "The daemon was killed or crashed, or the machine lost power. What was acknowledged is kept.",
    remedy: "Find out why: `journalctl -b -1 -e` shows the end of the machine's previous life, and \
             `journalctl -u steadfast -e` that of the daemon.";

    1000 UnexpectedError "UNEXPECTED_ERROR" Critical {
        /// the part of the daemon
        part: String,
        /// what happened
        problem: String,
    } => "A part of the daemon failed unexpectedly ({part}): {problem}"
    cause: "A defect of the software.",
    remedy: "Restart the daemon with `systemctl restart steadfast`, and report the message with \
             the output of `journalctl -u steadfast -e`.";

    20003 EventLogDamaged "EVENT_LOG_DAMAGED" Error {
        /// the file
        path: String,
        /// where it was put
        aside: String,
        /// what is wrong with it
        problem: String,
    } => "The event log {path} is damaged ({problem}); it was set aside as {aside}, and a new one begun."
    cause: "A failing disk, or a hand in the file. The cluster database is another file and not affected.",
    remedy: "Look at the disk with `dmesg | tail`. The old events that can still be read are text in the \
             file that was set aside.";

    20004 EventsLost "EVENTS_LOST" Error {
        /// how many, as far as it is known
        count: u64,
        /// why
        reason: String,
    } => "{count} events of this node could not be kept: {reason}."
    cause: "The disk was full or failed while events happened, or the log was damaged.",
    remedy: "`journalctl -u steadfast` may still have them. Look at the disk with `df -h` and `dmesg | tail`.";

    20007 PlanRecordDamaged "PLAN_RECORD_DAMAGED" Warning {
        /// the file
        path: String,
        /// where it was put
        aside: String,
        /// what is wrong with it
        problem: String,
    } => "The record of plans {path} is damaged ({problem}); it was set aside as {aside}, and a new one begun."
    cause: "A failing disk, or a hand in the file. Plans are made as before: only the past ones of this node \
            cannot be replayed any more. The cluster database is another file and not affected.",
    remedy: "Look at the disk with `dmesg | tail`.";

    20008 PlansNotRecorded "PLANS_NOT_RECORDED" Warning {
        /// how many, as far as it is known
        count: u64,
        /// why
        problem: String,
    } => "{count} plans of this node were not recorded: {problem}."
    cause: "The disk was full, slow or failed. Plans are made and carried out as before: they cannot be replayed.",
    remedy: "Look at the disk with `df -h` and `dmesg | tail`.";

    20005 ClockDiffers "CLOCK_DIFFERS" Warning {
        /// the peer
        node: NodeName,
        /// by how much the peer's clock is ahead of this node's (negative: behind), in milliseconds
        difference_ms: i64,
    } => "The clock of node {node} differs from this node's by {difference_ms} ms."
    cause: "One of the two does not keep its time, or an administrator set it. The cluster does not rely on \
            it, but the times of events and the expiry of tokens do.",
    remedy: "`timedatectl` on both shows which one is not synchronised; `timedatectl set-ntp true` mends it.";

    20006 ClockAgrees "CLOCK_AGREES" Information {
        /// the peer
        node: NodeName,
    } => "The clock of node {node} agrees with this node's again."
    cause: "The clock that was wrong was set right.",
    remedy: "Nothing is wrong.";
}
