//! What an agent finds in its environment: all that OCF promises, and nothing of this program's own.

use super::catalogue::Named;
use super::tools::{self, ENV_RESOURCE, ENV_SOCKET};
use process::Mark;
use resource_api::Instance;
use resource_api::instance::as_text;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Where agents live on this machine.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    /// `/usr/lib/ocf`.
    pub(super) ocf_root: PathBuf,
    /// Where agents keep what they have to remember until the machine restarts.
    pub(super) state: PathBuf,
    /// The program that answers when it is called by the name of a cluster's tool.
    pub(super) tools: PathBuf,
}

/// An action that an agent is asked for.
pub(super) struct Call<'a> {
    pub(super) action: &'a str,
    /// The level of a look.
    pub(super) level: u32,
    /// From one such look to the next; zero: it is asked for once.
    pub(super) interval_ms: u64,
    pub(super) deadline: Duration,
    /// What the verb has to know besides.
    pub(super) arguments: &'a BTreeMap<String, String>,
    /// Of which resource; nothing: of none, the agent is to speak about itself.
    pub(super) of: Option<Of<'a>>,
}

/// A resource, and where it is.
#[derive(Clone, Copy)]
pub(super) struct Of<'a> {
    pub(super) instance: &'a Instance,
    pub(super) node: &'a str,
    pub(super) run_dir: &'a std::path::Path,
}

static NOTHING: BTreeMap<String, String> = BTreeMap::new();

impl Call<'_> {
    pub(super) fn of_no_resource(action: &str) -> Call<'_> {
        Call { action, level: 0, interval_ms: 0, deadline: Duration::ZERO, arguments: &NOTHING, of: None }
    }
}

/// By what all that was started for a resource of this monitor is known.
pub(super) fn mark(of: Of<'_>) -> Mark {
    // Several nodes can share a machine in tests, and its processes with it; their folders they do not.
    Mark::new([
        (ENV_RESOURCE.into(), of.instance.id.to_string().into()),
        (ENV_SOCKET.into(), tools::socket(of.run_dir).into()),
    ])
}

impl Surroundings {
    /// The environment of an action.
    pub(super) fn environment(&self, named: &Named, call: &Call<'_>) -> Vec<(OsString, OsString)> {
        let mut all: Vec<(OsString, OsString)> = Vec::new();
        let mut add = |name: &str, value: OsString| all.push((name.into(), value));
        add("LC_ALL", "C".into());
        add("HOME", "/root".into());
        add("OCF_ROOT", self.ocf_root.clone().into());
        add("OCF_RA_VERSION_MAJOR", "1".into());
        add("OCF_RA_VERSION_MINOR", "1".into());
        add("OCF_RESOURCE_PROVIDER", named.provider.clone().into());
        add("OCF_RESOURCE_TYPE", named.agent.clone().into());
        add("OCF_TRACE_RA", "0".into());
        add("HA_RSCTMP", self.state.clone().into());
        add("OCF_CHECK_LEVEL", call.level.to_string().into());
        let Some(of) = call.of else {
            add("PATH", PATH.into());
            // There is no resource, and some agents want its name even to say what they are.
            add("OCF_RESOURCE_INSTANCE", named.agent.clone().into());
            return all;
        };
        let tools = tools::folder(of.run_dir);
        let mut path = tools.clone().into_os_string();
        path.push(":");
        path.push(PATH);
        add("PATH", path);
        add("HA_SBIN_DIR", tools.into());
        let name = of.instance.id.agent_name();
        add("HA_LOGTAG", format!("{}({name})", named.agent).into());
        add("OCF_RESOURCE_INSTANCE", name.into());
        all.extend(mark(of).variables().iter().cloned());
        let mut parameter =
            |name: &str, value: String| all.push((format!("OCF_RESKEY_{name}").into(), value.into()));
        for (name, value) in &of.instance.parameters {
            parameter(name, as_text(value));
        }
        parameter("crm_feature_set", FEATURE_SET.to_owned());
        parameter("CRM_meta_name", call.action.to_owned());
        parameter("CRM_meta_timeout", call.deadline.as_millis().to_string());
        parameter("CRM_meta_interval", call.interval_ms.to_string());
        parameter("CRM_meta_on_node", of.node.to_owned());
        parameter("CRM_meta_on_node_uuid", of.node.to_owned());
        for (name, value) in call.arguments {
            parameter(&format!("CRM_meta_{name}"), value.clone());
        }
        all
    }
}

/// Whose words agents are told that the tools understand: those of Pacemaker 2.1.5. Agents choose by it
/// how they call them.
pub(super) const FEATURE_SET: &str = "3.16.2";

/// Where agents find their programs.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What is wrong with the names and values of an instance: what no environment can hold.
pub(super) fn unfit<'a>(pairs: impl IntoIterator<Item = (&'a String, String)>) -> Option<String> {
    pairs.into_iter().find_map(|(name, value)| {
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
        if name.is_empty() || !name.chars().all(good) {
            return Some(format!("{name:?} is no name for a parameter of an agent"));
        }
        value
            .contains('\0')
            .then(|| format!("the parameter `{name}` holds a zero byte, which no agent can be given"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use resource_api::ResourceId;

    fn named(group: &str, resource: &str) -> String {
        ResourceId { group: group.parse().unwrap(), resource: resource.parse().unwrap() }.agent_name()
    }

    #[test]
    fn no_two_resources_have_one_name() {
        assert_eq!(named("web", "ip"), "web.ip");
        let names =
            [named("a.b", "c"), named("a", "b.c"), named("a.", "b"), named("a", "b"), named("a..b", "c")];
        let different: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(different.len(), names.len(), "{names:?}");
    }

    #[test]
    fn what_no_environment_can_hold_is_refused() {
        let said = |name: &str, value: &str| unfit([(&name.to_owned(), value.to_owned())]);
        assert_eq!(said("ip", "a\nb;$(x)"), None);
        for (name, value) in [("a=b", ""), ("", ""), ("a b", ""), ("a\0", ""), ("ip", "a\0b"), ("$(x)", "")] {
            assert!(said(name, value).is_some(), "{name:?} {value:?}");
        }
    }
}
