//! Resource monitors and resource types. Own ids 20800 to 20899.

catalogue! {
    1146 MonitorDied "MONITOR_DIED" Error {
        /// what it looked after, in words
        monitor: String,
        /// its process
        pid: u32,
        /// what happened to it
        how: String,
        /// the resources that it looked after
        resources: String,
        /// the end of what it printed
        printed: Option<String> = "nothing",
    } => "The resource monitor for {monitor} (process {pid}) {how}; it is started again. It looked after: \
          {resources}. It had printed: {printed}"
    cause: "A resource type or an agent made it crash or hang, or somebody killed it. What runs goes on \
            running.",
    remedy: "Nothing, if it stays the only time: its successor has found what runs. Otherwise \
             `journalctl -u steadfast -e` shows what it printed, and `steadfast type test TYPE` tries a type \
             alone.";

    20801 MonitorReplaced "MONITOR_REPLACED" Information {
        /// what it looks after, in words
        monitor: String,
        /// how many resources it was told of
        resources: u64,
    } => "A new resource monitor for {monitor} runs, and looks at the {resources} resources of the old one."
    cause: "The one before it ended; that was told as event 1146.",
    remedy: "Nothing is wrong any more.";

    20802 MonitorNotStarted "MONITOR_NOT_STARTED" Error {
        /// what it should look after, in words
        monitor: String,
        /// why it does not run
        problem: String,
    } => "There is no resource monitor for {monitor} on this node: {problem}"
    cause: "Its program is missing, damaged or of another version, or the machine has no memory or processes \
            left. It is tried again and again.",
    remedy: "`steadfast type list` shows what this node cannot run meanwhile. `journalctl -u steadfast -e` \
             shows what the monitor printed.";
}
