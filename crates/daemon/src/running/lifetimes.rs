//! Beneath the gate: clustered addresses have a lifetime in the kernel, which is kept up while there is a lease.
//!
//! Changing an address waits for the kernel's lock of its network configuration (RTNL), which others hold for
//! seconds now and then. So it is done apart from everything that has deadlines, and what has not been done
//! when there is a later deadline is done once.

use crate::clock;
use crate::node::Node;
use model::Moment;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, watch};

/// What is to be kept until when.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lifetimes(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    more: Notify,
    /// How many passes are over.
    passes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    wanted: BTreeMap<IpAddr, Moment>,
    /// Some of it is being told to the kernel.
    busy: bool,
}

impl Lifetimes {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The kernel may keep these until then.
    pub(super) fn keep(&self, addresses: &[IpAddr], until: Moment) {
        if !addresses.is_empty() {
            self.lock().wanted.extend(addresses.iter().map(|address| (*address, until)));
            self.0.more.notify_one();
        }
    }

    /// Something is about to be taken away. Nothing that was wanted before is done any more when the answer
    /// has been waited for: to keep an address that has just gone would bring it back, on a node that has given
    /// it up. What stays is kept again with the next renewal.
    pub(super) fn let_go(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut state = self.lock();
        state.wanted.clear();
        let pass = state.busy.then(|| self.0.passes.subscribe());
        drop(state);
        async move {
            if let Some(mut pass) = pass {
                let _ended_at_least_once = pass.changed().await;
            }
        }
    }

    fn take(&self) -> BTreeMap<IpAddr, Moment> {
        let mut state = self.lock();
        state.busy = !state.wanted.is_empty();
        std::mem::take(&mut state.wanted)
    }

    fn taken(&self) {
        let mut state = self.lock();
        state.busy = false;
        self.0.passes.send_modify(|passes| *passes += 1);
    }
}

/// Tells the kernel, for ever.
pub(crate) async fn keep_up(node: Arc<Node>) {
    let lifetimes = node.running.lifetimes();
    drop(node);
    loop {
        lifetimes.0.more.notified().await;
        let pass = lifetimes.clone();
        let told = tokio::task::spawn_blocking(move || {
            tell(&pass.take());
            pass.taken();
        });
        if told.await.is_err() {
            lifetimes.taken();
        }
    }
}

fn tell(wanted: &BTreeMap<IpAddr, Moment>) {
    for (address, until) in wanted {
        let left = until.since(clock::moment());
        if !left.is_zero() {
            // Where it is not up yet, or another's, there is nothing to keep.
            let _ = gate::set_lifetime(*address, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 99, 0, 100));

    fn until(secs: u64) -> Moment {
        Moment(Duration::from_secs(secs))
    }

    #[tokio::test]
    async fn what_is_let_go_is_wanted_no_more_and_the_latest_deadline_counts() {
        let lifetimes = Lifetimes::default();
        lifetimes.keep(&[ADDRESS], until(1));
        lifetimes.keep(&[ADDRESS], until(2));
        assert_eq!(lifetimes.take(), [(ADDRESS, until(2))].into());
        lifetimes.taken();
        lifetimes.keep(&[ADDRESS], until(3));
        lifetimes.let_go().await;
        assert!(lifetimes.take().is_empty());
    }

    #[tokio::test]
    async fn who_lets_go_waits_for_what_is_being_told() {
        let lifetimes = Lifetimes::default();
        lifetimes.keep(&[ADDRESS], until(1));
        lifetimes.take();
        let mut waits = Box::pin(lifetimes.let_go());
        let pending = std::future::poll_fn(|cx| std::task::Poll::Ready(waits.as_mut().poll(cx).is_pending()));
        assert!(pending.await);
        lifetimes.taken();
        waits.await;
    }
}
