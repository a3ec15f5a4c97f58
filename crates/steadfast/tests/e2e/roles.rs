//! Groups that run on several nodes at once, one of which is primary.

use crate::cluster::{Node, eventually, wait_for};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

/// An agent that knows roles: a file says what it is, and it rates itself by its node's number.
const AGENT: &str = r#"#!/bin/sh
state=/run/stateful.$OCF_RESOURCE_INSTANCE
rate() { crm_master -Q -l reboot -v "$1"; }
case "$1" in
meta-data) cat <<END
<?xml version="1.0"?>
<resource-agent name="Stateful" version="1">
<version>1.0</version><longdesc lang="en">For a test.</longdesc><shortdesc lang="en">For a test</shortdesc>
<parameters><parameter name="rank"><longdesc lang="en">x</longdesc><shortdesc lang="en">x</shortdesc>
<content type="integer" default="1"/></parameter></parameters>
<actions><action name="start" timeout="20s"/><action name="stop" timeout="20s"/>
<action name="promote" timeout="20s"/><action name="demote" timeout="20s"/>
<action name="monitor" timeout="20s" interval="10s" role="Slave"/>
<action name="monitor" timeout="20s" interval="9s" role="Master"/>
<action name="notify" timeout="20s"/><action name="validate-all" timeout="5s"/><action name="meta-data" timeout="5s"/></actions>
</resource-agent>
END
;;
start) echo replica > $state; rate "$(hostname | tr -dc 0-9)" ;;
stop) rm -f $state; crm_master -Q -l reboot -D ;;
promote) echo primary > $state ;;
demote) echo replica > $state ;;
monitor)
  [ -e $state ] || exit 7
  [ "$(cat $state)" = primary ] && exit 8 ;;
notify)
  told="$OCF_RESKEY_CRM_meta_notify_type $OCF_RESKEY_CRM_meta_notify_operation"
  echo "$told $OCF_RESKEY_CRM_meta_notify_promote_uname" >>/run/notified ;;
validate-all) ;;
*) exit 3 ;;
esac
exit 0
"#;

const FILE: &str = r#"
[cluster]
name = "shop"

[[group]]
name = "db"
[group.clones]
primaries = 1
[[group.resource]]
name = "data"
type = "ocf:e2e:Stateful"
exclusive = "none"

[[group]]
name = "db-address"
runs_with = ["db:primary"]
start_after = ["db:primary"]
[[group.resource]]
name = "ip"
type = "ip-address"
address = "10.99.0.201/24"
"#;

/// A host has the agent, and no others; one that was started again has none.
fn with_agent(node: Node<'_>) {
    node.within(|| {
        let folder = "/usr/lib/ocf/resource.d";
        fs::create_dir_all(folder).unwrap();
        let none = rustix::mount::MountFlags::empty();
        rustix::mount::mount("tmpfs", folder, "tmpfs", none, None).unwrap();
        fs::create_dir_all(format!("{folder}/e2e")).unwrap();
        let path = format!("{folder}/e2e/Stateful");
        fs::write(&path, AGENT).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    });
}

/// The nodes on which the agent says that it is primary, and those on which it is a replica.
fn roles(nodes: &[Node<'_>]) -> (Vec<String>, Vec<String>) {
    let role = |node: &Node<'_>| {
        let files = node.within(|| {
            let files = fs::read_dir("/run").unwrap().filter_map(Result::ok);
            let of_agent = files.filter(|file| file.file_name().to_string_lossy().starts_with("stateful."));
            of_agent.filter_map(|file| fs::read_to_string(file.path()).ok()).collect::<Vec<_>>()
        });
        (node.name().to_owned(), files.concat())
    };
    let all: Vec<(String, String)> = nodes.iter().filter(|node| node.host().is_up()).map(role).collect();
    let named = |word: &str| {
        all.iter().filter(|(_, role)| role.trim() == word).map(|(name, _)| name.clone()).collect()
    };
    (named("primary"), named("replica"))
}

/// Whether the agent of that node has heard this.
fn has_heard(node: Node<'_>, what: &str) -> bool {
    let heard = node.within(|| fs::read_to_string("/run/notified").unwrap_or_default());
    heard.lines().any(|line| line == what)
}

fn address_on(node: Node<'_>) -> Option<String> {
    let groups = node.try_status()?.groups;
    let group = groups.into_iter().find(|group| group.name == "db-address")?;
    group.owner.filter(|_| group.state == "online")
}

#[test]
fn one_copy_becomes_primary_the_address_follows_it_and_another_is_promoted_when_it_is_lost() {
    let cluster = hosts!(3);
    cluster.nodes().for_each(with_agent);
    cluster.form(1..=3);
    let nodes = cluster.all::<3>();
    let [n1, n2, _] = nodes;
    n1.apply(FILE).ok();
    eventually("every node has a copy, and one is primary", || {
        let (primary, replicas) = roles(&nodes);
        primary.len() == 1 && replicas.len() == 2
    });
    let primary = wait_for("the address is where the primary is", || {
        address_on(n2).filter(|owner| roles(&nodes).0 == [owner.clone()])
    });
    let lost = nodes.into_iter().find(|node| node.name() == primary).unwrap();
    let rest: Vec<Node<'_>> = nodes.into_iter().filter(|node| node.name() != primary).collect();
    lost.host().kill().unwrap();
    let next = wait_for("another one is promoted, and has the address", || {
        let owner = address_on(rest[0]).filter(|owner| *owner != primary)?;
        (roles(&rest).0 == [owner.clone()]).then_some(owner)
    });
    for node in &rest {
        for when in ["pre", "post"] {
            let what = format!("{when} promote {next}");
            eventually(&format!("{} has heard {what}", node.name()), || has_heard(*node, &what));
        }
    }
    lost.host().start().unwrap();
    with_agent(lost);
    lost.start();
    eventually("the lost one is back as a replica", || {
        let (primary, replicas) = roles(&nodes);
        primary == [next.clone()] && replicas.len() == 2
    });
}
