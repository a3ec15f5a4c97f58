//! Resource monitors, resource types, and resources that fail. Own ids 20800 to 20899.

use model::TypeName;

catalogue! {
    1049 AddressInUse "ADDRESS_IN_USE" Error {
        /// the resource
        resource: String,
        /// its type
        kind: TypeName,
        /// who has it, where, in words
        problem: String,
    } => "Resource {resource} of type {kind} is in conflict on this node: {problem}"
    cause: "Another host on the network answers for the address. It was given by hand, by another cluster, or \
            by a node that lost the group and could not let go of it.",
    remedy: "Find the host by the hardware address in the message (`ip neigh`, the switch's tables), take the \
             address from it, then `steadfast status`.";

    1058 PluginNotLoadable "PLUGIN_NOT_LOADABLE" Error {
        /// the resource types that are lost on this node
        types: String,
        /// the plug-in's library
        plugin: String,
        /// the library that is to be mended
        library: String,
        /// the missing symbol
        symbol: Option<String> = "none",
        /// what should be there
        expected: String,
        /// what is there
        found: String,
        /// what else is wrong
        more: Option<String> = "nothing",
        /// what mends it
        command: String,
    } => "The resource types {types} cannot be used on this node, because the plug-in {plugin} cannot be \
          loaded. Library: {library}. Missing symbol: {symbol}. Expected: {expected}. Found: {found}. Wrong \
          besides: {more}. To mend it: {command}."
    cause: "A file that the plug-in stands on is missing, damaged or of another version, most often because an \
            installer put an older one over it. Nothing of the plug-in was run to find that out. All else on \
            this node goes on.",
    remedy: "Do what the message says. The plug-in is tried again by itself within seconds, which event 20803 \
             tells; `steadfast type list` shows where it can be used meanwhile.";

    1059 PluginStartupFailed "PLUGIN_STARTUP_FAILED" Error {
        /// the resource types that are lost on this node
        types: String,
        /// the plug-in's library
        plugin: String,
        /// what its start-up said, or what became of it
        problem: String,
        /// the end of what it printed
        printed: Option<String> = "nothing",
    } => "The resource types {types} cannot be used on this node, because the start-up of the plug-in {plugin} \
          failed: {problem} It had printed: {printed}"
    cause: "The library was loaded, and its own start-up function refused, crashed or did not come back, or it \
            speaks another version of the plug-ins' interface.",
    remedy: "The reason is the plug-in's own: ask its vendor. `steadfast type test TYPE --library FILE` tries it \
             alone. It is tried again when a file of it changes, and once a minute.";

    1066 DataDamaged "DATA_DAMAGED" Warning {
        /// the resource
        resource: String,
        /// its type
        kind: TypeName,
        /// what is damaged, in words
        problem: String,
        /// the end of what the check printed
        output: Option<String> = "nothing",
    } => "The data of resource {resource} of type {kind} is damaged: {problem} Printed: {output}"
    cause: "The file system check found errors that it does not mend by itself. The disk, its cable or its \
            controller may be failing, or two hosts wrote to it at once.",
    remedy: "Keep the group offline, copy the device, and mend the file system by hand (`fsck`); then \
             `steadfast status`.";

    1069 ResourceFailed "RESOURCE_FAILED" Error {
        /// the resource
        resource: String,
        /// its type
        kind: TypeName,
        /// what was being done, or how it was noticed
        occasion: String,
        /// what went wrong
        problem: String,
        /// the end of what it printed
        output: Option<String> = "nothing",
    } => "Resource {resource} of type {kind} failed ({occasion}): {problem} It had printed: {output}"
    cause: "What the resource runs ended, does not answer, or could not be brought online or offline. The reason \
            and what was printed are the type's own.",
    remedy: "`steadfast status` shows what became of the group; `steadfast type test TYPE` tries the type alone.";

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

    20803 PluginLoadable "PLUGIN_LOADABLE" Information {
        /// the resource types that are there again
        types: String,
        /// the plug-in's library
        plugin: String,
    } => "The plug-in {plugin} can be loaded again: the resource types {types} can be used on this node."
    cause: "What kept it from being loaded was mended; that was told as event 1058 or 1059.",
    remedy: "Nothing is wrong any more.";
}
