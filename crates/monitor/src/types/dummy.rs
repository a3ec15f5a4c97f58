//! `dummy`: runs nothing, and remembers that it does.
//!
//! What it remembers is a file, so that a probe finds it again after a restart of the monitor, and an
//! administrator who removes the file sees what a failure is like.

use super::given;
use crate::kind::{Future, Request, Resource, ResourceType, World, unimplemented};
use resource_api::{Failure, Instance, Outcome, TypeDescription, Verb};
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

pub(super) struct Dummy;

impl ResourceType for Dummy {
    fn describe(&self) -> Future<Result<TypeDescription, String>> {
        let summary = "Does nothing, for trying out groups and policies.";
        let description = given::described("dummy", summary, Vec::new());
        Box::pin(async move { Ok(description) })
    }

    fn open(&self, instance: &Instance, world: &Arc<World>) -> Result<Arc<dyn Resource>, Outcome> {
        let file = world.place.run_dir.join("dummy").join(instance.id.file_name());
        Ok(Arc::new(Remembered { file }))
    }
}

struct Remembered {
    file: PathBuf,
}

impl Remembered {
    fn do_it(&self, verb: Verb) -> Outcome {
        let failed = |what: &str, error| {
            Outcome::failed(Failure::Generic, format!("cannot {what} {}: {error}", self.file.display()))
        };
        match verb {
            Verb::Validate => Outcome::done(),
            Verb::Probe | Verb::LooksAlive | Verb::IsAlive => match fs::metadata(&self.file) {
                Ok(_) => Outcome::running(),
                Err(error) if error.kind() == ErrorKind::NotFound => Outcome::not_running(),
                Err(error) => failed("look at", error),
            },
            Verb::Online => {
                let made = self.file.parent().map_or(Ok(()), fs::create_dir_all);
                match made.and_then(|()| fs::write(&self.file, "")) {
                    Ok(()) => Outcome::done(),
                    Err(error) => failed("write", error),
                }
            }
            Verb::Offline | Verb::Terminate => match fs::remove_file(&self.file) {
                Err(error) if error.kind() != ErrorKind::NotFound => failed("remove", error),
                _ => Outcome::done(),
            },
            other => unimplemented(other),
        }
    }
}

impl Resource for Remembered {
    fn call(self: Arc<Self>, request: Request) -> Future<Outcome> {
        Box::pin(async move { self.do_it(request.verb) })
    }
}
