//! The types that the desired state registers to libraries, and a monitor for each library.

use super::library::{self, Library};
use super::slot::Slot;
use super::{Ground, Monitors, Program, QUIT_MAX, Standings, TypeProblem};
use model::desired::TypeSpec;
use model::{AbsolutePath, TypeName};
use monitor_client::Monitor;
use resource_api::TypeDescription;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, MutexGuard, PoisonError};
use tokio::task::JoinHandle;

/// What is registered.
#[derive(Default)]
pub(super) struct Registered {
    types: BTreeMap<TypeName, AbsolutePath>,
    libraries: BTreeMap<AbsolutePath, Kept>,
}

/// A slot, and what keeps its monitor running.
struct Kept {
    slot: Arc<Slot>,
    keeper: JoinHandle<()>,
}

impl Registered {
    /// The monitor of a type's library.
    pub(super) fn slot(&self, kind: &TypeName) -> Option<Arc<Slot>> {
        self.library(self.types.get(kind)?)
    }

    /// The monitor of a library.
    pub(super) fn library(&self, library: &AbsolutePath) -> Option<Arc<Slot>> {
        self.libraries.get(library).map(|kept| kept.slot.clone())
    }

    pub(super) fn slots(&self) -> Vec<Arc<Slot>> {
        self.libraries.values().map(|kept| kept.slot.clone()).collect()
    }

    /// All registered types, each with what is known of it.
    pub(super) fn standings(&self) -> Vec<(TypeName, Option<Result<(), TypeProblem>>)> {
        let of = |(kind, library): (&TypeName, &AbsolutePath)| {
            let slot = self.libraries.get(library)?;
            let standing = slot.slot.standing().of(kind, &library.to_string());
            Some((kind.clone(), standing))
        };
        self.types.iter().filter_map(of).collect()
    }
}

impl Monitors {
    pub(super) fn registered(&self) -> MutexGuard<'_, Registered> {
        self.0.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on these types are served by these libraries, and no others by any. A library that is new
    /// gets a monitor; one that is not named any more loses its own, and what runs goes on running. Says
    /// the same as often as you like. Within a runtime.
    pub fn register(&self, types: &[TypeSpec]) {
        let types: BTreeMap<TypeName, AbsolutePath> =
            types.iter().map(|spec| (spec.name.clone(), spec.library.clone())).collect();
        let mut registered = self.registered();
        let defect = registered.libraries.values().any(|kept| kept.keeper.is_finished());
        if registered.types == types && !defect {
            return;
        }
        let mut wanted: BTreeMap<&AbsolutePath, BTreeSet<TypeName>> = BTreeMap::new();
        for (name, library) in &types {
            wanted.entry(library).or_default().insert(name.clone());
        }
        let mut libraries = std::mem::take(&mut registered.libraries);
        for (library, names) in wanted {
            let before = libraries.remove(library).filter(|kept| !kept.keeper.is_finished());
            let kept = before.unwrap_or_else(|| self.keep_library(library, names.clone()));
            kept.slot.serve(names);
            registered.libraries.insert(library.clone(), kept);
        }
        registered.types = types;
        drop(registered);
        self.move_resources();
        for (_, Kept { slot, keeper }) in libraries {
            tokio::spawn(async move {
                slot.stop(QUIT_MAX).await;
                keeper.abort();
            });
        }
        self.0.shared.changed.send_modify(|changes| *changes += 1);
    }

    fn keep_library(&self, library: &AbsolutePath, types: BTreeSet<TypeName>) -> Kept {
        let program = self.0.host.clone().with_library(library.as_path());
        let looked_at = Library::new(library.as_path(), &program.path);
        let slot = Slot::new(program, Some(looked_at), self.0.shared.clone());
        // Before anything is found out that has to be told of them.
        slot.serve(types);
        let kept = slot.clone();
        Kept { slot, keeper: tokio::spawn(async move { kept.keep().await }) }
    }

    /// Resources whose type is served by another monitor now go there.
    fn move_resources(&self) {
        let mut resources = self.0.resources.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, slot) in resources.iter_mut() {
            let Some(kind) = slot.kind_of(id) else { continue };
            let next = self.slot_of(&kind);
            if !Arc::ptr_eq(slot, &next)
                && let Some(resource) = slot.close(id)
            {
                next.take_over(resource);
                *slot = next;
            }
        }
    }

    /// What is known of the registered types on this node. One of which nothing is known yet is left out.
    #[must_use]
    pub fn standings(&self) -> Standings {
        let known = self.registered().standings();
        known.into_iter().filter_map(|(name, standing)| Some((name, standing?))).collect()
    }

    /// Which of these types, none of which is registered, cannot be used on this node: all of them, if
    /// there is no monitor for them.
    pub async fn unusable(&self, types: &BTreeSet<TypeName>) -> Standings {
        if types.is_empty() {
            return Standings::new();
        }
        let lost = |name: &TypeName, reason| (name.clone(), Err(TypeProblem { reason, event: None }));
        let listed = match self.types().await {
            Ok(listed) => listed,
            Err(why) => return types.iter().map(|name| lost(name, why.clone())).collect(),
        };
        let problem_of: BTreeMap<_, _> = listed.into_iter().map(|it| (it.name, it.problem)).collect();
        let mut unusable = Standings::new();
        for name in types {
            let problem = match problem_of.get(name) {
                Some(problem) => problem.clone(),
                // Not every type that there is need be listed: of units there are more than anybody wants
                // to read. Whoever has it says so, or why not.
                None => self.describe(name).await.err(),
            };
            unusable.extend(problem.map(|reason| lost(name, reason)));
        }
        unusable
    }
}

/// Asks a library what a type is, in a process that ends again.
pub(super) async fn describe_once(
    host: &Program,
    ground: &Ground,
    kind: &TypeName,
    library: &AbsolutePath,
) -> Result<TypeDescription, String> {
    let program = host.clone().with_library(library.as_path());
    let (path, with) = (library.to_path_buf(), program.path.clone());
    let checked = tokio::task::spawn_blocking(move || library::check(&path, &with)).await;
    checked.map_err(|error| error.to_string())??;
    let place = ground.place().map_err(|error| error.to_string())?;
    let (news, _) = monitor_client::news();
    let monitor = Monitor::start(&program, place, ground.monitors().as_deref(), news).await;
    let monitor = monitor.map_err(|error| error.to_string())?;
    let described = monitor.describe(kind, super::DESCRIBE_MAX).await;
    let Ok(described) = described else {
        let end = monitor.ended().await;
        let why = end.not_loaded.as_ref().map(|why| why.problems.join("; "));
        return Err(why.unwrap_or_else(|| format!("its process {} while it was loaded", end.how)));
    };
    monitor.quit(QUIT_MAX).await;
    described
}
