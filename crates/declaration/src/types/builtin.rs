//! The tables of the built-in types.

use super::{Kind, Parameter, ResourceType};

const fn required(name: &'static str, kind: Kind, description: &'static str) -> Parameter {
    Parameter { name, kind, required: true, default: None, description }
}

const fn optional(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    description: &'static str,
) -> Parameter {
    Parameter { name, kind, required: false, default: Some(default), description }
}

/// A parameter that means something only when it is there.
const fn if_given(name: &'static str, kind: Kind, description: &'static str) -> Parameter {
    Parameter { name, kind, required: false, default: None, description }
}

/// From a tenth of a second (shorter, and checks are all a node does) to an hour.
const PERIOD: Kind = Kind::Duration { min_ms: 100, max_ms: 3_600_000 };

/// By name.
pub(super) const TYPES: &[ResourceType] = &[
    ResourceType {
        name: "dummy",
        summary: "Does nothing, for trying out groups and policies.",
        parameters: &[],
        exactly_one: &[],
    },
    ResourceType {
        name: "file-share",
        summary: "Exports a folder to clients over NFS or SMB.",
        parameters: &[
            required("path", Kind::Path, "The folder."),
            required("protocol", Kind::OneOf { words: &["nfs", "smb"] }, "How clients reach it."),
            required("listen", Kind::Listen, "Where: the group's address, port 2049 (NFS) or 445 (SMB)."),
            required("clients", Kind::Texts, "Addresses and networks that may use it."),
            optional("share", Kind::Text, "the folder's own name", "The name by which clients know it."),
            optional("read_only", Kind::Flag, "false", "Whether clients may only read."),
            optional(
                "state_directory",
                Kind::Path,
                "beside the folder",
                "Where its locks or passwords lie, on the same disk.",
            ),
        ],
        exactly_one: &[],
    },
    ResourceType {
        name: "health-check",
        summary: "Fails when something else does not answer.",
        parameters: &[
            if_given("url", Kind::Url, "Is fetched; an answer below 400 is good."),
            if_given("tcp", Kind::Endpoint, "Is connected to."),
            if_given("command", Kind::Command, "Is run; exit code 0 is good."),
            optional("interval", PERIOD, "10s", "From one check to the next."),
            optional("timeout", PERIOD, "5s", "What takes longer has failed."),
            optional("failures", Kind::Number { min: 1, max: 100 }, "3", "Failures in a row that count."),
        ],
        exactly_one: &["url", "tcp", "command"],
    },
    ResourceType {
        name: "ip-address",
        summary: "An address that clients use, on the node that owns the group.",
        parameters: &[
            required("address", Kind::Network, "The address, with the length of its network's prefix."),
            optional(
                "interface",
                Kind::Interface,
                "the one with an address of the same network",
                "The network interface that carries it.",
            ),
        ],
        exactly_one: &[],
    },
    ResourceType {
        name: "network-name",
        summary: "A name in DNS that points to the group's address.",
        parameters: &[
            required("host_name", Kind::HostName, "The full name."),
            required("address", Kind::Address, "What it points to; an address of the same group."),
            required("server", Kind::Endpoint, "The DNS server that takes updates: the zone's primary."),
            required("key_file", Kind::Path, "The key for it, as tsig-keygen writes it."),
            optional("zone", Kind::HostName, "as the server says", "The zone that the name is in."),
            optional(
                "ttl",
                Kind::Duration { min_ms: 1_000, max_ms: 86_400_000 },
                "60s",
                "How long resolvers may keep it.",
            ),
        ],
        exactly_one: &[],
    },
    ResourceType {
        name: "physical-disk",
        summary: "A disk, checked and mounted on the node that owns the group.",
        parameters: &[
            required("device", Kind::Path, "The block device, best by a name below /dev/disk/by-id."),
            required("mount_point", Kind::Path, "Where it is mounted."),
            optional("filesystem", Kind::Text, "what the device says", "The file system's type."),
            optional("options", Kind::Texts, "[]", "Options of the mount."),
            optional("check", Kind::Flag, "true", "Whether the file system is checked before it is mounted."),
        ],
        exactly_one: &[],
    },
    ResourceType {
        name: "process",
        summary: "A program that runs in the foreground, in a cgroup of its own.",
        parameters: &[
            required("command", Kind::Command, "The program and its arguments; no shell reads them."),
            optional("user", Kind::User, "root", "Who it runs as."),
            optional("working_directory", Kind::Path, "/", "Where it runs."),
            optional("environment", Kind::Variables, "[]", "Variables, each as NAME=value."),
            optional("stop_timeout", PERIOD, "30s", "From the request to stop to the kill."),
        ],
        exactly_one: &[],
    },
    ResourceType {
        name: "web-site",
        summary: "A folder served over HTTP.",
        parameters: &[
            required("root", Kind::Path, "The folder."),
            required("listen", Kind::Listen, "Where it is served."),
            optional("server_name", Kind::HostName, "every name", "The host name that it answers to."),
            optional("health_path", Kind::Text, "/", "What is fetched to see that it works."),
            optional(
                "health_status",
                Kind::Number { min: 100, max: 599 },
                "below 400",
                "The status of a good answer.",
            ),
            if_given("health_text", Kind::Text, "What a good answer has in it."),
        ],
        exactly_one: &[],
    },
];
