//! A node's half in a world that does what it says, when it is told to.

use super::*;
use model::desired::{Exclusive, GroupSpec, ResourceSpec, StallPolicy, Value};
use model::stored::LeaseGrant;
use model::{ResourceName, TypeName};
use planner::State;
use resource_api::{Failure, Outcome};

/// A node's half, with a world around it that does what it says when it is told to.
struct World {
    runner: Runner,
    clock: Clock,
    /// Everything that was asked and is not answered.
    calls: Vec<(u64, ResourceId, Verb)>,
    /// What was done, in a line each.
    done: Vec<String>,
    /// The addresses that were told to stay at the latest renewal.
    kept: Vec<IpAddr>,
}

fn group(name: &str) -> GroupName {
    GroupName::new(name).unwrap()
}

fn resource(name: &str) -> ResourceName {
    ResourceName::new(name).unwrap()
}

fn spec(kinds: &[(&str, &str)]) -> ClusterSpec {
    let mut before = None;
    let mut resources = Vec::new();
    for (name, kind) in kinds {
        let kind = TypeName::new(*kind).unwrap();
        let parameters = match kind.as_str() {
            "ip-address" => [("address".to_owned(), Value::Text("10.0.0.9/24".to_owned()))].into(),
            _ => BTreeMap::new(),
        };
        let depends_on = before.take().into_iter().map(model::desired::AnyOf::One).collect();
        before = Some(resource(name));
        let (exclusive, policy) = (Exclusive::default_for(&kind), Default::default());
        resources.push(ResourceSpec {
            name: resource(name),
            kind,
            depends_on,
            exclusive,
            policy,
            parameters,
        });
    }
    let web = GroupSpec {
        name: group("web"),
        description: None,
        preferred_owners: Vec::new(),
        possible_owners: Vec::new(),
        anti_affinity: Vec::new(),
        failback: Default::default(),
        policy: Default::default(),
        resources,
    };
    ClusterSpec { groups: vec![web], ..ClusterSpec::default() }
}

impl World {
    /// It has had a lease before, and nothing.
    fn new() -> Self {
        let mut world = Self::restarted();
        let nothing = ClusterSpec::default();
        world.runner.applied(world.clock, Revision(0), &nothing, BTreeMap::new(), BTreeSet::new());
        world.beat(0);
        world.later(1_500);
        world.silent_beat();
        world
    }

    /// A life begins, and may not be the first one.
    fn restarted() -> Self {
        let ms = Duration::from_millis;
        let figures =
            crate::protection::figures(ms(100), ms(300), ms(1400), ms(50), StallPolicy::Strict, None);
        let settings = Settings::new(figures).unwrap();
        let clock = Clock { boot: Moment::from_ms(10_000), wall: Timestamp::from_unix_ms(1_000_000) };
        let runner = Runner::new(NodeId(1), Incarnation([1; 8]), settings, clock.boot);
        Self { runner, clock, calls: Vec::new(), done: Vec::new(), kept: Vec::new() }
    }

    fn later(&mut self, ms: u64) {
        self.clock.boot = self.clock.boot.plus(Duration::from_millis(ms));
        self.clock.wall = Timestamp::from_unix_ms(self.clock.wall.unix_ms() + ms);
    }

    fn owned(&mut self, revision: u64, spec: &ClusterSpec, generation: Option<u64>) {
        let held = generation.map(|generation| (group("web"), Generation(generation))).into_iter().collect();
        self.runner.applied(self.clock, Revision(revision), spec, held, BTreeSet::new());
        self.carry_out();
    }

    /// A heartbeat, with a grant for it at once.
    fn beat(&mut self, as_of: u64) {
        let request = self.runner.beat(self.clock);
        let grant = LeaseGrant {
            request,
            leader: NodeId(2),
            as_of: Revision(as_of),
            lease_ns: 1_400_000_000,
            clock_ns: 0,
        };
        self.runner.granted(self.clock, &grant);
        self.carry_out();
    }

    fn silent_beat(&mut self) {
        self.runner.beat(self.clock);
        self.carry_out();
    }

    fn carry_out(&mut self) {
        loop {
            let effects = self.runner.effects();
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                match effect {
                    Effect::Call { call, id, verb, .. } => self.calls.push((call, id, verb)),
                    Effect::OpenGate { pair, targets, .. } => {
                        self.done.push(format!("open {} {}", pair.generation, targets.len()));
                        self.runner.gate_opened(self.clock, &pair, Ok(()));
                    }
                    Effect::CloseGate(_) => self.done.push("close gate".to_owned()),
                    Effect::Closed { .. } => self.done.push("closed".to_owned()),
                    Effect::Release(pair) => self.done.push(format!("release {}", pair.generation)),
                    Effect::Record(_, failure) => self.done.push(format!("failed {}", failure.reason)),
                    Effect::Cancel(call) => {
                        self.done.push("cancel".to_owned());
                        self.calls.retain(|(other, ..)| *other != call);
                    }
                    Effect::Renew { up, .. } => self.kept = up,
                    Effect::Open(_) | Effect::Forget(_) | Effect::Watch(..) => {}
                }
            }
        }
    }

    /// The oldest call is answered; what it was is told.
    fn answer(&mut self, outcome: &Outcome) -> String {
        let (call, id, verb) = self.calls.remove(0);
        self.runner.outcome(self.clock, call, outcome);
        self.carry_out();
        format!("{verb} {}", id.resource)
    }

    fn order(&mut self, action: Action, one: Option<&str>, generation: u64) -> Result<u64, Refused> {
        let order = Order {
            action,
            group: group("web"),
            resource: one.map(resource),
            generation: Generation(generation),
            revision: Revision(0),
            reason: String::new(),
        };
        let answer = self.runner.order(self.clock, &order);
        self.carry_out();
        answer
    }

    fn state(&self, one: &str) -> State {
        let report = self.runner.report(0);
        let copy = report.groups.get(&group("web"));
        copy.and_then(|copy| copy.resources.get(&resource(one))).map_or(State::Offline, |one| one.state)
    }

    /// The group runs, with everything in it.
    fn running(spec: &ClusterSpec) -> Self {
        let mut world = Self::new();
        world.owned(1, spec, None);
        for _ in &spec.groups[0].resources {
            world.answer(&Outcome::not_running());
        }
        world.owned(2, spec, Some(1));
        world.beat(2);
        for one in &spec.groups[0].resources {
            world.order(Action::Start, Some(one.name.as_str()), 1).unwrap();
            world.answer(&Outcome::done());
        }
        world.done.clear();
        world
    }
}

#[test]
fn a_group_is_opened_before_anything_of_it_starts() {
    let spec = spec(&[("ip", "ip-address")]);
    let mut world = World::new();
    world.owned(1, &spec, Some(1));
    assert_eq!(world.answer(&Outcome::not_running()), "probe ip");
    let refused = world.order(Action::Start, Some("ip"), 1).unwrap_err().to_string();
    assert!(refused.contains("not opened"), "{refused}");
    world.beat(1);
    world.order(Action::Start, Some("ip"), 1).unwrap();
    assert_eq!(world.done, ["open 1 1"]);
    assert_eq!(world.state("ip"), State::Starting);
    assert_eq!(world.answer(&Outcome::done()), "online ip");
    assert_eq!(world.state("ip"), State::Online);
}

#[test]
fn an_order_for_another_ownership_is_refused() {
    let spec = spec(&[("d", "dummy")]);
    let mut world = World::running(&spec);
    let refused = world.order(Action::Stop, Some("d"), 0).unwrap_err().to_string();
    assert_eq!(refused, "web in generation 0 is not this node's; it has it in generation 1");
    assert!(world.order(Action::Start, Some("d"), 2).is_err());
    assert_eq!(world.state("d"), State::Online);
}

#[test]
fn when_the_lease_ends_everything_is_stopped_in_order_closed_and_released() {
    let spec = spec(&[("ip", "ip-address"), ("d", "dummy")]);
    let mut world = World::running(&spec);
    world.later(1_401);
    world.silent_beat();
    assert_eq!(world.done, ["close gate"]);
    assert_eq!(world.answer(&Outcome::done()), "offline d", "what needs the other goes first");
    assert_eq!(world.answer(&Outcome::done()), "offline ip");
    assert_eq!(world.done, ["close gate", "closed", "release 1"]);
    assert!(world.order(Action::Start, Some("ip"), 1).is_err(), "there is no lease");
}

#[test]
fn an_address_that_is_being_taken_away_is_not_kept_by_the_next_renewal() {
    let spec = spec(&[("ip", "ip-address")]);
    let mut world = World::running(&spec);
    let address: IpAddr = "10.0.0.9".parse().unwrap();
    world.later(100);
    world.beat(2);
    assert_eq!(world.kept, [address]);
    world.order(Action::Stop, Some("ip"), 1).unwrap();
    world.later(100);
    world.beat(2);
    assert_eq!(world.kept, [] as [IpAddr; 0], "its monitor may take it away at any moment");
}

#[test]
fn a_group_that_is_open_and_of_which_nothing_runs_is_opened_anew_before_anything_starts() {
    let spec = spec(&[("ip", "ip-address"), ("d", "dummy")]);
    let mut world = World::running(&spec);
    for one in ["d", "ip"] {
        world.order(Action::Stop, Some(one), 1).unwrap();
        world.answer(&Outcome::done());
    }
    // A monitor whose deadline passed while the daemon did nothing is told a new one only by that.
    world.order(Action::Start, Some("ip"), 1).unwrap();
    world.answer(&Outcome::done());
    world.order(Action::Start, Some("d"), 1).unwrap();
    assert_eq!(world.done, ["open 1 1"], "once, before the first");
}

#[test]
fn what_is_not_this_nodes_any_more_is_stopped_without_an_order() {
    let spec = spec(&[("d", "dummy")]);
    let mut world = World::running(&spec);
    world.owned(3, &spec, None);
    assert_eq!(world.answer(&Outcome::done()), "offline d");
    assert_eq!(world.done, ["close gate", "closed", "release 1"]);
}

#[test]
fn who_is_to_stop_while_it_starts_is_cut_short() {
    let spec = spec(&[("d", "dummy")]);
    let mut world = World::new();
    world.owned(1, &spec, Some(1));
    world.answer(&Outcome::not_running());
    world.beat(1);
    world.order(Action::Start, Some("d"), 1).unwrap();
    world.order(Action::Stop, Some("d"), 1).unwrap();
    assert_eq!(world.done, ["open 1 0", "cancel"]);
    assert_eq!(world.answer(&Outcome::done()), "offline d");
    assert_eq!(world.state("d"), State::Offline);
}

#[test]
fn a_stop_that_fails_is_enforced_and_where_that_fails_too_it_stays_and_is_tried_again() {
    let spec = spec(&[("d", "dummy")]);
    let mut world = World::running(&spec);
    let failed = Outcome::failed(Failure::TimedOut, "it hangs");
    world.order(Action::Stop, Some("d"), 1).unwrap();
    assert_eq!(world.answer(&failed), "offline d");
    assert_eq!(world.answer(&failed), "terminate d");
    assert_eq!(world.state("d"), State::StopFailed);
    let refused = world.order(Action::Release, None, 1).unwrap_err().to_string();
    assert_eq!(refused, "web/d is not to be stopped here");
    world.later(10_000);
    world.silent_beat();
    assert_eq!(world.answer(&Outcome::done()), "terminate d");
    assert_eq!(world.done.last().unwrap(), "release 1");
}

#[test]
fn a_failure_is_recorded_until_the_database_has_it() {
    let spec = spec(&[("d", "dummy")]);
    let mut world = World::running(&spec);
    let id = ResourceId { group: group("web"), resource: resource("d") };
    world.runner.noticed(world.clock, &id, &Outcome::not_running());
    world.carry_out();
    assert_eq!(world.done, ["failed it does not run any more"]);
    let report = world.runner.report(0);
    let seen = report.groups[&group("web")].failures.clone();
    assert_eq!(seen.len(), 1);
    world.runner.recorded(&group("web"), &seen[0]);
    assert!(world.runner.report(0).groups[&group("web")].failures.is_empty());
    assert_eq!(world.state("d"), State::Failed);
}

#[test]
fn what_is_found_running_and_owned_is_opened_as_soon_as_there_is_a_lease() {
    let spec = spec(&[("ip", "ip-address")]);
    let mut world = World::restarted();
    world.owned(1, &spec, Some(4));
    assert_eq!(world.answer(&Outcome::running()), "probe ip");
    world.beat(1);
    assert_eq!(world.done, ["open 4 1"]);
    assert_eq!(world.runner.report(0).groups[&group("web")].open, Some(Generation(4)));
}

#[test]
fn a_gate_that_does_not_open_is_a_failed_start_and_nothing_is_left() {
    let spec = spec(&[("ip", "ip-address")]);
    let mut world = World::new();
    world.owned(1, &spec, Some(1));
    world.answer(&Outcome::not_running());
    world.beat(1);
    let order = Order {
        action: Action::Start,
        group: group("web"),
        resource: Some(resource("ip")),
        generation: Generation(1),
        revision: Revision(0),
        reason: String::new(),
    };
    world.runner.order(world.clock, &order).unwrap();
    let effects = world.runner.effects();
    let Some(Effect::OpenGate { pair, .. }) = effects.first() else { panic!("{effects:?}") };
    world.runner.gate_opened(world.clock, pair, Err("no room".to_owned()));
    world.carry_out();
    assert_eq!(world.done, ["failed its gate cannot be opened: no room", "closed", "release 1"]);
    assert_eq!(world.state("ip"), State::Offline);
}

#[test]
fn a_group_that_the_file_has_no_more_is_stopped_and_forgotten() {
    let spec = spec(&[("d", "dummy")]);
    let mut world = World::running(&spec);
    world.owned(3, &ClusterSpec::default(), Some(1));
    assert_eq!(world.answer(&Outcome::done()), "offline d");
    assert_eq!(world.done, ["closed", "release 1"]);
    assert!(world.runner.report(0).groups[&group("web")].is_empty());
}

#[test]
fn changed_parameters_are_taken_up_by_what_does_not_run_and_noted_on_what_does() {
    let mut after = spec(&[("ip", "ip-address")]);
    let mut world = World::running(&after);
    after.groups[0].resources[0].parameters =
        [("address".to_owned(), Value::Text("10.0.0.10/24".to_owned()))].into();
    world.owned(3, &after, Some(1));
    assert_eq!(world.state("ip"), State::Changed);
    world.order(Action::Stop, Some("ip"), 1).unwrap();
    world.answer(&Outcome::done());
    assert_eq!(world.state("ip"), State::Offline);
    world.order(Action::Start, Some("ip"), 1).unwrap();
    world.answer(&Outcome::done());
    assert_eq!(world.state("ip"), State::Online);
}

#[test]
fn a_report_of_what_has_changed_says_nothing_else() {
    let spec = spec(&[("d", "dummy")]);
    let mut world = World::running(&spec);
    let number = world.runner.number();
    assert!(world.runner.report(number).groups.is_empty());
    world.order(Action::Stop, Some("d"), 1).unwrap();
    assert_eq!(world.runner.report(number).groups.len(), 1);
}

#[test]
fn what_is_found_running_without_a_lease_is_stopped_when_the_one_before_has_surely_ended() {
    let spec = spec(&[("ip", "ip-address")]);
    let mut world = World::restarted();
    world.owned(1, &spec, Some(4));
    world.answer(&Outcome::running());
    world.silent_beat();
    assert!(world.calls.is_empty(), "it may still have its lease");
    world.later(1_400);
    world.silent_beat();
    assert_eq!(world.answer(&Outcome::done()), "offline ip");
    assert_eq!(world.done, ["close gate", "closed", "release 4"]);
}

#[test]
fn what_was_released_is_not_opened_again_in_that_ownership() {
    let spec = spec(&[("d", "dummy")]);
    let mut world = World::running(&spec);
    world.order(Action::Stop, Some("d"), 1).unwrap();
    world.answer(&Outcome::done());
    world.order(Action::Release, None, 1).unwrap();
    assert_eq!(world.done, ["closed", "release 1"]);
    // The database holds the release already, perhaps, and somebody else the group.
    let refused = world.order(Action::Start, Some("d"), 1).unwrap_err().to_string();
    assert_eq!(refused, "web in generation 1 is given back by this node");
    world.owned(3, &spec, Some(2));
    world.order(Action::Start, Some("d"), 2).unwrap();
    assert_eq!(world.done.last().unwrap(), "open 2 0");
}

#[test]
fn what_a_life_before_had_and_does_not_run_is_given_back_and_not_started() {
    let spec = spec(&[("d", "dummy")]);
    let mut world = World::restarted();
    world.owned(1, &spec, Some(4));
    world.beat(1);
    assert!(world.done.is_empty(), "nobody knows yet whether it runs");
    assert_eq!(world.answer(&Outcome::not_running()), "probe d");
    world.silent_beat();
    assert_eq!(world.done, ["closed", "release 4"]);
    assert!(world.order(Action::Start, Some("d"), 4).is_err(), "that life may have released it");
    world.owned(2, &spec, Some(5));
    world.order(Action::Start, Some("d"), 5).unwrap();
}

#[test]
fn a_stop_whose_monitor_died_is_enforced_again_under_a_good_lease() {
    let spec = spec(&[("d", "dummy")]);
    let mut world = World::running(&spec);
    let died = Outcome::failed(Failure::Crashed, "its monitor ended");
    world.order(Action::Stop, Some("d"), 1).unwrap();
    assert_eq!(world.answer(&died), "offline d");
    assert_eq!(world.answer(&died), "terminate d");
    assert_eq!(world.state("d"), State::StopFailed);
    for _ in 0..10 {
        world.later(1_000);
        world.beat(2);
    }
    assert_eq!(world.answer(&Outcome::done()), "terminate d");
    assert_eq!(world.state("d"), State::Offline);
}

#[test]
fn where_less_guards_a_node_than_the_database_says_nothing_is_opened_there() {
    let spec = spec(&[("ip", "ip-address")]);
    let mut world = World::new();
    world.owned(1, &spec, Some(1));
    world.answer(&Outcome::not_running());
    world.beat(1);
    world.runner.keeps_its_word(false);
    let refused = world.order(Action::Start, Some("ip"), 1).unwrap_err().to_string();
    assert!(refused.contains("what guards this node") && world.done.is_empty(), "{refused}");
    world.runner.keeps_its_word(true);
    world.order(Action::Start, Some("ip"), 1).unwrap();
    assert_eq!(world.done, ["open 1 1"]);
}

/// A watchdog is fed until this, on a node with a gate for addresses and none for processes.
fn fed_until(world: &mut World) -> Moment {
    let means = model::stored::NodeMeans { gate: Some(model::stored::GateKind::Bpf), ..Default::default() };
    world.runner.feeding(&means).until
}

/// The lease of a beat that was answered just now.
fn lease(world: &World) -> Moment {
    world.clock.boot.plus(Duration::from_millis(1_400))
}

#[test]
fn a_watchdog_is_fed_until_the_deadline_of_what_nothing_else_protects() {
    // Of these types, the one is exclusive by its gate and the other by its process.
    for (kind, depends) in [("ip-address", false), ("physical-disk", true)] {
        let spec = spec(&[("r", kind)]);
        let mut world = World::running(&spec);
        world.beat(2);
        let until = if depends { lease(&world) } else { Feeding::FOR_EVER.until };
        assert_eq!(fed_until(&mut world), until, "{kind}");
        // The lease ends, and the resource does not: nothing is fed before it has.
        world.later(2_000);
        world.silent_beat();
        assert_eq!(fed_until(&mut world), until, "{kind}");
        assert_eq!(world.answer(&Outcome::failed(Failure::TimedOut, "hangs")), "offline r");
        assert_eq!(fed_until(&mut world), until, "{kind}");
        assert_eq!(world.answer(&Outcome::done()), "terminate r");
        assert_eq!(fed_until(&mut world), Feeding::FOR_EVER.until, "{kind}");
    }
}

#[test]
fn a_new_life_feeds_no_watchdog_before_it_has_a_lease_and_knows_what_is_left() {
    let spec = spec(&[("d", "physical-disk")]);
    let nobody = Feeding::NOT_YET.until;
    // What it has may run until the lease ends, as long as nobody knows whether it does.
    let mut world = World::restarted();
    world.owned(1, &spec, Some(4));
    assert_eq!(fed_until(&mut world), nobody);
    world.beat(1);
    assert_eq!(fed_until(&mut world), lease(&world));
    world.answer(&Outcome::running());
    assert_eq!(fed_until(&mut world), lease(&world));
    // It was found running before there was a lease: the lease of the life before is not known.
    let mut world = World::restarted();
    world.owned(1, &spec, Some(4));
    world.answer(&Outcome::running());
    world.silent_beat();
    assert_eq!(fed_until(&mut world), nobody);
    world.beat(1);
    assert_eq!(fed_until(&mut world), lease(&world));
    // What is not its own any more may run nowhere here.
    let mut world = World::restarted();
    world.owned(1, &spec, None);
    world.beat(1);
    assert_eq!(fed_until(&mut world), nobody, "nobody has looked");
    world.answer(&Outcome::running());
    assert_eq!(fed_until(&mut world), nobody, "and there it is");
    world.order(Action::Stop, Some("d"), 4).unwrap();
    world.answer(&Outcome::done());
    assert_eq!(fed_until(&mut world), Feeding::FOR_EVER.until);
    // From then on, what somebody starts by hand is his affair.
    let id = ResourceId { group: group("web"), resource: resource("d") };
    world.runner.noticed(world.clock, &id, &Outcome::running());
    assert_eq!(fed_until(&mut world), Feeding::FOR_EVER.until);
}
