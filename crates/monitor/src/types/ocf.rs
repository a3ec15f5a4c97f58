//! `ocf:PROVIDER:AGENT`: resource agents of the Open Cluster Framework, versions 1.0 and 1.1, as they are.
//!
//! An agent is a program that is called with the name of an action and finds everything else in its
//! environment. Debian's package `resource-agents` alone brings 141 of them.
//!
//! * [`catalogue`]: which there are; [`xml`] and [`metadata`]: what they say of themselves.
//! * [`environment`]: what they are told; [`code`]: what their exit codes mean.
//! * [`agent`]: verbs become actions.
//! * [`tools`]: agents call `crm_master` and its like to rate themselves; the monitor answers.
//!
//! Deliberately absent: a shell, defaults (agents have their own, and only what is given is passed), and
//! a second look after a stop that says it is done.

mod agent;
mod catalogue;
mod code;
mod environment;
mod metadata;
pub(crate) mod tools;
mod xml;

use crate::kind::{Family, ResourceType};
use agent::{Agent, Shared};
use catalogue::Catalogue;
use environment::Surroundings;
use model::TypeName;
use resource_api::TypeDescription;
use resource_api::message::TypeStanding;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// The agents of a machine.
pub(crate) struct Ocf(Arc<Shared>);

impl Ocf {
    /// Where the standard has them.
    pub(crate) fn of_this_machine() -> Self {
        let tools = std::env::current_exe().unwrap_or_else(|_| "/proc/self/exe".into());
        Self::at("/usr/lib/ocf".into(), "/run/resource-agents".into(), tools)
    }

    /// Below this root, which keep their state there, and call this program by the names of the tools.
    pub(crate) fn at(ocf_root: PathBuf, state: PathBuf, tools: PathBuf) -> Self {
        let catalogue = Catalogue::new(Surroundings { ocf_root, state, tools });
        Self(Arc::new(Shared { catalogue, tools: OnceLock::new() }))
    }
}

/// What an agent of this name says of itself.
pub(crate) fn described(name: &str, text: &str) -> Result<TypeDescription, String> {
    metadata::Metadata::read(name, text).map(|metadata| metadata.description)
}

impl Family for Ocf {
    fn find(&self, kind: &TypeName) -> Option<Arc<dyn ResourceType>> {
        let named = self.0.catalogue.find(kind)?;
        Some(Arc::new(Agent { named, shared: self.0.clone() }))
    }

    fn why_not(&self, kind: &TypeName) -> String {
        let file = kind.as_str().strip_prefix("ocf:").unwrap_or_default().replace(':', "/");
        let path = self.0.catalogue.folder().join(file);
        let nearest = |known: &catalogue::Named| strsim::osa_distance(known.kind.as_str(), kind.as_str());
        let known = self.0.catalogue.list();
        let similar = known.iter().min_by_key(|known| nearest(known)).filter(|known| nearest(known) <= 3);
        let hint = match similar {
            Some(similar) => format!("did you mean `{}`?", similar.kind),
            None => "install the package that brings it, such as resource-agents".to_owned(),
        };
        format!("there is no agent `{kind}` on this node: {} is no program; {hint}", path.display())
    }

    fn list(&self) -> Vec<TypeStanding> {
        let all = self.0.catalogue.list().into_iter();
        all.map(|named| TypeStanding { name: named.kind, problem: None }).collect()
    }
}
