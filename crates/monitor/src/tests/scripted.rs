//! A type that does as it is told, and writes down what it was asked.

use crate::kind::{Future, Request, Resource, ResourceType, World};
use crate::types::Registry;
use resource_api::{Instance, Outcome, TypeDescription, Verb};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// What all resources of the type share.
#[derive(Default)]
pub(super) struct Script {
    /// Verbs that never end.
    pub(super) hang: Mutex<Vec<Verb>>,
    /// What looks find.
    pub(super) broken: Mutex<bool>,
    /// The kernel's word.
    pub(super) changed: Notify,
    /// What began and what ended: `+verb`, `-verb`.
    pub(super) log: Mutex<Vec<String>>,
}

impl Script {
    pub(super) fn log(&self) -> String {
        self.log.lock().unwrap().join(" ")
    }

    /// Waits until this has begun.
    pub(super) async fn began(&self, verb: Verb) {
        let began = async {
            while !self.log().contains(&format!("+{verb}")) {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(super::client::PATIENCE, began).await.expect("it begins");
    }

    fn note(&self, sign: char, verb: Verb) {
        self.log.lock().unwrap().push(format!("{sign}{verb}"));
    }
}

pub(super) struct Scripted(pub(super) Arc<Script>);

pub(super) fn registry(script: &Arc<Script>) -> Registry {
    Registry::of([("scripted", Arc::new(Scripted(script.clone())) as Arc<dyn ResourceType>)])
}

impl ResourceType for Scripted {
    fn describe(&self) -> Future<Result<TypeDescription, String>> {
        Box::pin(async { Err("it says nothing".to_owned()) })
    }

    fn open(&self, _: &Instance, _: &Arc<World>) -> Result<Arc<dyn Resource>, Outcome> {
        Ok(Arc::new(Actor(self.0.clone())))
    }
}

struct Actor(Arc<Script>);

/// Notes the end of a call, also of one that is dropped.
struct Ends(Arc<Script>, Verb);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.note('-', self.1);
    }
}

impl Resource for Actor {
    fn call(self: Arc<Self>, request: Request) -> Future<Outcome> {
        let script = self.0.clone();
        Box::pin(async move {
            script.note('+', request.verb);
            let _ends = Ends(script.clone(), request.verb);
            if script.hang.lock().unwrap().contains(&request.verb) {
                std::future::pending::<()>().await;
            }
            match request.verb.only_looks() {
                false => Outcome::done(),
                true if *script.broken.lock().unwrap() => Outcome::not_running(),
                true => Outcome::running(),
            }
        })
    }

    fn changed(self: Arc<Self>) -> Future<Outcome> {
        Box::pin(async move {
            self.0.changed.notified().await;
            Outcome::not_running()
        })
    }
}
