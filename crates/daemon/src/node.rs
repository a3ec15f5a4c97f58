//! The node: what the parts of the daemon share.
//!
//! Every part is a task with one purpose that reads and writes here; none calls another. Locks are
//! held for a few instructions and never across an `await`.

pub(crate) mod own;
pub(crate) mod quorum;

use crate::components::Components;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::events_log::EventLog;
use crate::heartbeat::Sockets;
use crate::leading::Leading;
use crate::monitors::{Ground, Monitors, Program};
use crate::peer::{Book, CallError, Links};
use crate::planning::recorder::Recorder;
use crate::running::Running;
use crate::tls::{self, TlsError};
use bytes::Bytes;
use membership::datagram::Key;
use membership::incarnation::Incarnations;
use membership::peers::PeerTable;
use membership::timers::Timers;
use model::desired::Profile;
use model::stored::{ClusterState, Identity, MemberHint};
use model::{Incarnation, NodeId, NodeName};
use own::Own;
use rustls::ServerConfig;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use store::engine::{Engine, Standing, Tokio};
use tokio::sync::{Notify, watch};

/// The engine of the daemon.
pub(crate) type TheEngine = Engine<Tokio>;

/// What the parts share.
pub struct Node {
    /// The node's own file.
    pub config: Config,
    /// The data directory.
    pub dir: DataDir,
    /// Every life of the data directory; the present one last.
    pub lives: Vec<Incarnation>,
    /// The event log.
    pub log: EventLog,
    /// The plans that this node made.
    pub recorder: Recorder,
    /// The resource monitors.
    pub monitors: Monitors,
    /// What resources stand on here.
    pub(crate) components: Components,
    /// What runs here.
    pub(crate) running: Running,
    /// What a leader knows and does.
    pub(crate) leading: Leading,
    /// Set once, when the daemon is asked to stop and what runs here is to leave.
    pub(crate) leaves: AtomicBool,
    /// The members.
    pub book: Book,
    /// The ways to them.
    pub links: Links,
    /// The private key that this node joins with, and the certificate it shows until then.
    pub stranger: tls::authority::Pair,
    /// Who this node is in a cluster; changes at `init`, at `join`, and when it is evicted.
    pub identity: watch::Sender<Option<Arc<Identity>>>,
    /// What the listener shows.
    pub listener: watch::Sender<Arc<ServerConfig>>,
    /// What keeps this node from taking part, if something does.
    pub own: watch::Sender<Own>,
    /// One init or join at a time.
    pub entering: tokio::sync::Mutex<()>,
    /// One change of the engine's membership at a time.
    pub changing_members: tokio::sync::Mutex<()>,
    /// The heartbeat sockets of this node's networks.
    pub sockets: Sockets,
    /// Woken when the engine should be looked at anew.
    pub engine_wanted: Notify,
    /// Woken when somebody is there who may not have been greeted yet.
    pub greeting_wanted: Notify,
    /// Set once, when the daemon ends: what was stopped then is not started again.
    pub ends: AtomicBool,
    engine: RwLock<Option<TheEngine>>,
    peers: Mutex<PeerTable>,
    incarnations: Mutex<Incarnations>,
    timers: RwLock<Timers>,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Node({})", self.config.node)
    }
}

impl Node {
    /// A node that takes no part in anything yet.
    ///
    /// # Errors
    /// [`TlsError`], if no key can be made.
    pub(crate) fn new(
        config: Config,
        dir: DataDir,
        lives: Vec<Incarnation>,
        log: EventLog,
        recorder: Recorder,
        components: Components,
    ) -> Result<Arc<Self>, TlsError> {
        let key = tls::authority::new_key()?;
        let certificate = tls::authority::self_signed(&key, &config.node)?;
        let listener = tls::serve::stranger(&certificate, &key)?;
        let stranger = tls::authority::Pair { certificate, key };
        let timers = Timers::of(Profile::Default);
        let incarnation = lives.last().copied().unwrap_or(Incarnation([0; 8]));
        // The first life is the data directory's for good.
        let first_life = lives.first().copied().unwrap_or(incarnation).to_string();
        let ground = Ground::of_node(config.node.as_str(), &config.socket, &first_life);
        let told = log.clone();
        let monitors = Monitors::new(ground, Program::built_in(), Program::plugin_host(), move |event| {
            told.raise(event);
        });
        let own_ips = config.endpoints.iter().map(|endpoint| endpoint.0.ip()).collect();
        Ok(Arc::new(Self {
            running: Running::new(&config),
            leading: Leading::default(),
            leaves: AtomicBool::new(false),
            book: Book::default(),
            links: Links::new(own_ips, incarnation),
            stranger,
            identity: watch::Sender::new(None),
            listener: watch::Sender::new(listener),
            own: watch::Sender::new(Own::default()),
            entering: tokio::sync::Mutex::default(),
            changing_members: tokio::sync::Mutex::default(),
            sockets: Arc::new(config.endpoints.iter().map(|_| Mutex::default()).collect()),
            engine_wanted: Notify::new(),
            greeting_wanted: Notify::new(),
            ends: AtomicBool::new(false),
            engine: RwLock::new(None),
            peers: Mutex::new(PeerTable::new(timers.silence)),
            incarnations: Mutex::new(Incarnations::new(timers.contest, timers.heartbeat)),
            timers: RwLock::new(timers),
            config,
            dir,
            lives,
            log,
            recorder,
            monitors,
            components,
        }))
    }

    /// This life.
    #[must_use]
    pub fn incarnation(&self) -> Incarnation {
        self.lives.last().copied().unwrap_or(Incarnation([0; 8]))
    }

    /// This node's name.
    #[must_use]
    pub fn name(&self) -> &NodeName {
        &self.config.node
    }

    /// This node's number, once it has one.
    #[must_use]
    pub fn id(&self) -> Option<NodeId> {
        self.identity.borrow().as_ref().map(|identity| identity.node)
    }

    /// The heartbeats' key, once there is one.
    #[must_use]
    pub fn heartbeat_key(&self) -> Option<Key> {
        use base64::Engine as _;
        let identity = self.identity.borrow().clone()?;
        let text = identity.heartbeat_key.expose_secret();
        base64::engine::general_purpose::STANDARD.decode(text).ok()?.try_into().ok()
    }

    /// Takes on an identity: what is shown, how calls are made, who is known.
    ///
    /// # Errors
    /// [`TlsError`], if its certificates are not usable; then nothing has changed.
    pub fn become_member(&self, identity: Identity) -> Result<(), TlsError> {
        let server = tls::serve::member(&identity.certificate, &identity.key, &identity.ca_certificate)?;
        let client = tls::connect::member(&identity.certificate, &identity.key, &identity.ca_certificate)?;
        self.links.become_member(client);
        self.book.begin(&identity.members);
        self.listener.send_replace(server);
        // In this order: see `find_of`.
        self.identity.send_replace(Some(Arc::new(identity)));
        self.own.send_replace(Own::default());
        self.follow_members();
        self.engine_wanted.notify_one();
        Ok(())
    }

    /// Notes what a member answered to this node when it asked as `asked_as`, unless `stands` is
    /// found already. Whether it was new. An answer to a former membership, that arrives after the
    /// node has joined anew, says nothing of this one: the number changes before what was found is
    /// cleared, and is compared while nobody else can clear it.
    pub fn find_of(&self, asked_as: NodeId, found: Own, stands: impl Fn(&Own) -> bool) -> bool {
        self.own.send_if_modified(|own| {
            let fresh = self.id() == Some(asked_as) && !stands(own);
            if fresh {
                *own = found;
            }
            fresh
        })
    }

    /// The engine, while it runs.
    #[must_use]
    pub fn engine(&self) -> Option<TheEngine> {
        self.engine.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts an engine in place, or takes it away.
    pub fn set_engine(&self, engine: Option<TheEngine>) -> Option<TheEngine> {
        std::mem::replace(&mut *self.engine.write().unwrap_or_else(PoisonError::into_inner), engine)
    }

    /// The cluster database as this node has it; empty before there is one.
    #[must_use]
    pub fn state(&self) -> Arc<ClusterState> {
        self.engine().map(|engine| engine.state()).unwrap_or_default()
    }

    /// How the engine stands.
    #[must_use]
    pub fn standing(&self) -> Option<Standing> {
        self.engine().map(|engine| engine.standing())
    }

    /// The timers in force.
    #[must_use]
    pub fn timers(&self) -> Timers {
        *self.timers.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the timers.
    pub fn set_timers(&self, timers: Timers) {
        *self.timers.write().unwrap_or_else(PoisonError::into_inner) = timers;
        let now = crate::clock::moment();
        self.peers(|peers| {
            peers.set_silence(timers.silence);
            // Those whose heartbeats came seldom until now get the time to send them more often.
            peers.forgive(now);
        });
        self.incarnations(|lives| lives.set_timers(timers.contest, timers.heartbeat));
    }

    /// Looks at, or changes, who was heard from. The lock is held for `look` alone, which must not
    /// ask the node for anything else.
    pub(crate) fn peers<R>(&self, look: impl FnOnce(&mut PeerTable) -> R) -> R {
        look(&mut self.peers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at, or changes, which life of each node is listened to. As for [`Self::peers`].
    pub(crate) fn incarnations<R>(&self, look: impl FnOnce(&mut Incarnations) -> R) -> R {
        look(&mut self.incarnations.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a node is heard from; this one is.
    #[must_use]
    pub(crate) fn is_up(&self, id: NodeId) -> bool {
        Some(id) == self.id() || self.peers(|peers| peers.is_up(id))
    }

    /// Whether one network of another node is heard from.
    #[must_use]
    pub(crate) fn is_network_up(&self, id: NodeId, network: usize) -> bool {
        self.peers(|peers| peers.is_network_up(id, network))
    }

    /// How long ago another node was last heard from.
    #[must_use]
    pub(crate) fn last_seen(&self, id: NodeId) -> Option<Duration> {
        let now = crate::clock::moment();
        self.peers(|peers| peers.last_seen(now, id))
    }

    /// The others among the members.
    #[must_use]
    pub fn others(&self) -> Vec<MemberHint> {
        let own = self.id();
        self.book.members().into_iter().filter(|member| Some(member.id) != own).collect()
    }

    /// The peer table follows the book.
    pub fn follow_members(&self) {
        let others: BTreeMap<NodeId, usize> =
            self.others().into_iter().map(|member| (member.id, member.endpoints.len())).collect();
        self.peers(|peers| peers.set_members(&others));
    }

    /// Calls a member.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call(
        &self,
        to: NodeId,
        path: &str,
        body: Bytes,
        limit: Duration,
    ) -> Result<Bytes, CallError> {
        let member = self.book.member(to).ok_or(CallError::NoAddress)?;
        self.links.call(&member, |network| self.is_network_up(to, network), path, body, limit).await
    }

    /// Calls a member with JSON.
    ///
    /// # Errors
    /// [`CallError`]; an answer that is not what was expected counts as none.
    pub async fn call_json<T: serde::de::DeserializeOwned>(
        &self,
        to: NodeId,
        path: &str,
        body: &impl serde::Serialize,
        limit: Duration,
    ) -> Result<T, CallError> {
        let unreadable = |error: serde_json::Error| CallError::NoAnswer(format!("not understood: {error}"));
        let body = serde_json::to_vec(body).map_err(unreadable)?;
        let answer = self.call(to, path, body.into(), limit).await?;
        serde_json::from_slice(&answer).map_err(unreadable)
    }
}
