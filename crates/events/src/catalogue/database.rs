//! The cluster database and the disk beneath it. Own ids 20300 to 20399.

catalogue! {
    1057 DatabaseUnreadable "DATABASE_UNREADABLE" Critical {
        /// the file
        path: String,
        /// what is wrong with it
        problem: String,
    } => "The cluster database in {path} cannot be used: {problem}. It is left as it is."
    cause: "The file was cut, altered or is missing a part: a failing disk, a copy that was interrupted, \
            or somebody's hand. The daemon answers, but this node takes no part in the cluster.",
    remedy: "The other nodes have the same data. On one of them run `steadfast node evict NAME` for this \
             node; here, stop the daemon, move the `data_dir` away (keep it), start the daemon and run \
             `steadfast join` with a token from `steadfast token create`. If this is the only node, put \
             the file back from a backup.";

    20301 DatabaseForeign "DATABASE_FOREIGN" Critical {
        /// the file
        path: String,
        /// what it is instead
        problem: String,
    } => "The file {path} is not this node's cluster database: {problem}. It is left as it is."
    cause: "A copy or a restored backup went to the wrong node, or another program's file lies there.",
    remedy: "Stop the daemon and put this node's own files back into its `data_dir`. If they are lost: \
             `steadfast node evict NAME` on another node, move the `data_dir` away, start, and join again.";

    20302 DatabaseTooNew "DATABASE_TOO_NEW" Critical {
        /// the file
        path: String,
        /// the version found
        found: u32,
        /// the newest version that this software reads
        supported: u32,
    } => "{path} was written by a newer version (document version {found}, this software reads up to {supported})."
    cause: "The software of this node was replaced by an older version.",
    remedy: "Install the newer version again and start it with `systemctl restart steadfast`. Nothing was \
             changed or lost.";

    1021 DiskNearlyFull "DISK_NEARLY_FULL" Error {
        /// the folder
        path: String,
        /// free space, in mebibytes
        free_mib: u64,
        /// space below which the database may stop, in mebibytes
        needed_mib: u64,
    } => "The disk of {path} is nearly full: {free_mib} MiB are free, {needed_mib} MiB are needed."
    cause: "Something fills the file system that holds the cluster database. When it is full, this node \
            can acknowledge no change.",
    remedy: "Make space now: `du -xh --max-depth=2 /var | sort -h | tail` shows what is large.";

    1080 DatabaseStopped "DATABASE_STOPPED" Critical {
        /// the folder
        path: String,
        /// what went wrong
        problem: String,
    } => "The cluster database in {path} could not be written and has stopped: {problem}."
    cause: "The disk is full, fails, or became read-only. Nothing that was not on disk has been \
            acknowledged. The other nodes go on; this one tries again by itself.",
    remedy: "Look with `df -h` for a full disk and with `dmesg | tail` for a failing one. Once there is \
             space, DATABASE_RESUMED follows by itself. A failing disk must be replaced.";

    20303 DiskSpaceBack "DISK_SPACE_BACK" Information {
        /// the folder
        path: String,
        /// free space, in mebibytes
        free_mib: u64,
    } => "The disk of {path} has space again: {free_mib} MiB are free."
    cause: "Space was made.",
    remedy: "Nothing is wrong. Find out what filled it before it does so again.";

    20304 DatabaseResumed "DATABASE_RESUMED" Information {
        /// the folder
        path: String,
    } => "The cluster database in {path} can be written again and takes part."
    cause: "The reason for which it had stopped is gone.",
    remedy: "Nothing is wrong. `steadfast status` shows whether this node has caught up.";
}
