//! The types that this monitor knows. One file or folder each.

mod dummy;
mod file_share;
mod given;
mod health_check;
mod http;
mod ip_address;
mod network_name;
pub(crate) mod ocf;
mod physical_disk;
mod port;
mod process;
mod server;
mod systemd;
mod web_site;

use crate::kind::{Family, ResourceType};
use model::TypeName;
use resource_api::message::TypeStanding;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The types of a monitor.
pub struct Registry {
    built_in: BTreeMap<TypeName, Arc<dyn ResourceType>>,
    /// By the first word of their names.
    families: BTreeMap<&'static str, Arc<dyn Family>>,
}

impl Registry {
    /// What there is on this machine.
    #[must_use]
    pub fn of_this_machine() -> Self {
        Self::of([
            ("dummy", Arc::new(dummy::Dummy) as Arc<dyn ResourceType>),
            ("file-share", Arc::new(file_share::FileShare::default())),
            ("ip-address", Arc::new(ip_address::IpAddress)),
            ("network-name", Arc::new(network_name::NetworkName)),
            ("physical-disk", Arc::new(physical_disk::PhysicalDisk)),
            ("process", Arc::new(process::Process::default())),
            ("health-check", Arc::new(health_check::HealthCheck)),
            ("web-site", Arc::new(web_site::WebSite::default())),
        ])
        .with("ocf", Arc::new(ocf::Ocf::of_this_machine()))
        .with("systemd", Arc::new(systemd::Systemd::of_this_machine()))
    }

    /// These alone.
    pub(crate) fn of<const N: usize>(types: [(&str, Arc<dyn ResourceType>); N]) -> Self {
        let named = types.map(|(name, kind)| (name.parse().expect("a built-in name is a name"), kind));
        Self { built_in: BTreeMap::from(named), families: BTreeMap::new() }
    }

    /// And this family, by the first word of its types' names.
    pub(crate) fn with(mut self, word: &'static str, family: Arc<dyn Family>) -> Self {
        self.families.insert(word, family);
        self
    }

    /// The type of this name.
    pub(crate) fn find(&self, kind: &TypeName) -> Option<Arc<dyn ResourceType>> {
        match self.family(kind) {
            Some(family) => family.find(kind),
            None => self.built_in.get(kind).cloned(),
        }
    }

    fn family(&self, kind: &TypeName) -> Option<&Arc<dyn Family>> {
        kind.as_str().split_once(':').and_then(|(first, _)| self.families.get(first))
    }

    /// Why it is not there, and what to do about it.
    pub(crate) fn why_not(&self, kind: &TypeName) -> String {
        match self.family(kind) {
            Some(family) => family.why_not(kind),
            None => {
                let built_in: Vec<_> = self.built_in.keys().map(TypeName::as_str).collect();
                let built_in = built_in.join(", ");
                format!(
                    "no resource type `{kind}`: built in are {built_in}; an agent is `ocf:PROVIDER:AGENT`, \
                     a unit `systemd:UNIT`"
                )
            }
        }
    }

    /// All of them.
    pub(crate) fn list(&self) -> Vec<TypeStanding> {
        let standing = |(name, kind): (&TypeName, &Arc<dyn ResourceType>)| TypeStanding {
            name: name.clone(),
            problem: kind.problem(),
        };
        let families = self.families.values().flat_map(|family| family.list());
        self.built_in.iter().map(standing).chain(families).collect()
    }
}
