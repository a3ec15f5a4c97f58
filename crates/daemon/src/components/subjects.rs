//! What each resource stands on: by its type, and by its parameters where these name a program.
//!
//! Resources of one type mostly stand on the same files, so they share a subject, named after the type. What a
//! resource names itself (the program of a `process`, the unit) makes a subject of its own.

use closure::Root;
use model::desired::{ClusterSpec, ResourceSpec, Value};
use model::{NodeName, TypeName};
use std::collections::BTreeMap;
use std::path::Path;

/// Parameters of agents that name a program, by a part of their names.
const PROGRAMS: [&str; 5] = ["bin", "exec", "command", "program", "cmd"];

/// What might run on a node, and what it stands on; and what that is.
pub(super) struct Subjects {
    pub(super) resources: BTreeMap<String, String>,
    pub(super) roots: BTreeMap<String, Vec<Root>>,
}

/// Of every group that the node may own.
pub(super) fn of(spec: &ClusterSpec, node: &NodeName, plugin_host: &Path) -> Subjects {
    let mut subjects = Subjects { resources: BTreeMap::new(), roots: BTreeMap::new() };
    let may_own = |group: &&model::desired::GroupSpec| {
        group.possible_owners.is_empty() || group.possible_owners.contains(node)
    };
    for group in spec.groups.iter().filter(may_own) {
        for resource in &group.resources {
            let Some((name, roots)) = subject(spec, resource, plugin_host) else { continue };
            subjects.resources.insert(format!("{}/{}", group.name, resource.name), name.clone());
            subjects.roots.entry(name).or_insert(roots);
        }
    }
    subjects
}

/// Nothing: it stands on nothing but the daemon.
fn subject(spec: &ClusterSpec, resource: &ResourceSpec, plugin_host: &Path) -> Option<(String, Vec<Root>)> {
    let kind: &TypeName = &resource.kind;
    if let Some(library) = spec.library(kind) {
        let root = Root::Library { path: library.to_path_buf(), host: Some(plugin_host.to_owned()) };
        return Some((format!("plug-in {library}"), vec![root]));
    }
    let text = |key: &str| match resource.parameters.get(key) {
        Some(Value::Text(text)) => Some(text.clone()),
        Some(Value::List(list)) => list.first().cloned(),
        _ => None,
    };
    let program = |key: &str| {
        let command = text(key)?;
        let program = command.split_whitespace().next()?.trim_matches(['"', '\'']).to_owned();
        Some((format!("{kind} {program}"), vec![Root::Program(program)]))
    };
    let programs = |names: &[&str]| {
        let roots = names.iter().map(|name| Root::Program((*name).to_owned())).collect();
        Some((kind.to_string(), roots))
    };
    let mut parts = kind.as_str().split(':');
    match (parts.next()?, parts.next(), parts.next()) {
        ("ocf", Some(provider), Some(name)) => Some(agent(kind, provider, name, resource)),
        ("systemd", Some(unit), None) => Some((kind.to_string(), vec![Root::Unit(unit.to_owned())])),
        ("process", ..) => program("command"),
        ("health-check", ..) => program("command"),
        ("web-site", ..) => programs(&["nginx"]),
        ("physical-disk", ..) => programs(&["mount", "umount", "fsck", "blkid"]),
        ("file-share", ..) => match text("protocol").as_deref() {
            Some("smb") => Some((format!("{kind} smb"), vec![Root::Program("smbd".to_owned())])),
            _ => Some((format!("{kind} nfs"), vec![Root::Program("ganesha.nfsd".to_owned())])),
        },
        _ => None,
    }
}

fn agent(kind: &TypeName, provider: &str, name: &str, resource: &ResourceSpec) -> (String, Vec<Root>) {
    let names_program = |(key, value): (&String, &Value)| {
        let Value::Text(text) = value else { return None };
        let is_program = PROGRAMS.iter().any(|part| key.contains(part)) && text.starts_with('/');
        is_program.then(|| (key.clone(), text.clone()))
    };
    let parameters: BTreeMap<String, String> = resource.parameters.iter().filter_map(names_program).collect();
    let named: Vec<&str> = parameters.values().map(String::as_str).collect();
    let subject = if named.is_empty() { kind.to_string() } else { format!("{kind} {}", named.join(" ")) };
    let (provider, name) = (provider.to_owned(), name.to_owned());
    (subject, vec![Root::Agent { provider, name, parameters }])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> ClusterSpec {
        let resource = |name: &str, kind: &str, parameters: &str| {
            format!(
                r#"{{"name": "{name}", "type": "{kind}", "exclusive": "none", "parameters": {{{parameters}}}}}"#
            )
        };
        let resources = [
            resource("a", "ocf:heartbeat:IPaddr2", r#""ip": "10.0.0.1""#),
            resource("b", "ocf:heartbeat:IPaddr2", r#""ip": "10.0.0.2""#),
            resource("c", "ocf:heartbeat:anything", r#""binfile": "/opt/server""#),
            resource("d", "process", r#""command": "/opt/x -f""#),
            resource("e", "systemd:cron.service", ""),
            resource("f", "ip-address", ""),
            resource("g", "tape", ""),
        ];
        let text = format!(
            r#"{{"types": [{{"name": "tape", "library": "/opt/libtape.so"}}],
                "groups": [{{"name": "g", "possible_owners": ["n1"], "resources": [{}]}}]}}"#,
            resources.join(",")
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn resources_of_a_type_share_what_they_stand_on_and_those_that_name_a_program_do_not() {
        let found = of(&spec(), &"n1".parse().unwrap(), Path::new("/opt/host"));
        let said: Vec<String> =
            found.resources.iter().map(|(name, subject)| format!("{name}: {subject}")).collect();
        let expected = [
            "g/a: ocf:heartbeat:IPaddr2",
            "g/b: ocf:heartbeat:IPaddr2",
            "g/c: ocf:heartbeat:anything /opt/server",
            "g/d: process /opt/x",
            "g/e: systemd:cron.service",
            "g/g: plug-in /opt/libtape.so",
        ];
        assert_eq!(said, expected, "an address stands on nothing but the daemon");
        assert_eq!(found.roots.len(), 5);
    }

    #[test]
    fn what_a_node_may_not_own_is_not_its_business() {
        assert!(of(&spec(), &"n2".parse().unwrap(), Path::new("/opt/host")).resources.is_empty());
    }
}
