//! The planner, on clusters of the sizes that it is promised for.
//!
//! It is called in this process, as the daemon calls it: a function, with nothing around it. Times are
//! those on the wall, of many runs; memory is measured in a process of its own, which does nothing else
//! (`memory`). Where `crm_simulate` is installed, it plans the same plain cluster beside it
//! (`pacemaker`).

mod cib;
mod cluster;
pub(crate) mod memory;
mod pacemaker;

use crate::problem::Problem;
use crate::report::{Figure, Target};
use crate::sample::Sample;
use cluster::{Cluster, OF_GROUP};
use model::desired::ClusterSpec;
use planner::hypothesis::Hypothesis;
use planner::{State, View};
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// The cluster that most promises are about.
const USUAL: (usize, usize) = (32, 1_000);
/// The largest that is promised.
const LARGE: (usize, usize) = (200, 5_000);
/// A plan for each, in milliseconds.
const USUAL_MS: f64 = 20.0;
const LARGE_MS: f64 = 200.0;
/// Memory for the former, in MiB, what is planned from included.
const MEMORY_MIB: f64 = 100.0;
/// After one resource's failure, in milliseconds.
const FAILURE_MS: f64 = 5.0;
/// For the loss of every node in turn, in milliseconds.
const WHAT_IF_MS: f64 = 1_000.0;
/// How often each is done.
const RUNS: usize = 25;

/// Measures.
pub(crate) fn measure() -> Result<Vec<Figure>, Problem> {
    let usual = Cluster::placed(USUAL.0, USUAL.1, true);
    let large = Cluster::placed(LARGE.0, LARGE.1, true);
    let lost = usual.after(&cluster::lost(0));
    let mut figures = vec![
        time("a node lost", USUAL, &usual.spec, &lost).against(Target::AtMost(USUAL_MS)),
        time("a node lost", LARGE, &large.spec, &large.after(&cluster::lost(0)))
            .against(Target::AtMost(LARGE_MS)),
    ];
    let cold = Cluster::cold(USUAL.0, USUAL.1, true);
    figures.push(time("cold start", USUAL, &cold.spec, &cold.view).against(Target::AtMost(USUAL_MS)));
    let tight = Cluster::too_small(USUAL.0, USUAL.1);
    figures.push(
        time("cold start, too small for all", USUAL, &tight.spec, &tight.view)
            .against(Target::AtMost(USUAL_MS)),
    );
    figures.extend(growth(&usual.spec, &lost));
    figures.extend(failures(&usual));
    figures.push(what_if(&usual));
    figures.extend(memory::figures(USUAL, MEMORY_MIB)?);
    figures.extend(pacemaker::figures()?);
    Ok(figures)
}

/// Many plans from the same knowledge.
fn sample(spec: &ClusterSpec, view: &View) -> Sample {
    let once = |_| {
        let begun = Instant::now();
        let plan = planner::plan(spec, view);
        let took = begun.elapsed();
        drop(plan);
        took
    };
    Sample::from((0..RUNS).map(once).collect::<Vec<Duration>>())
}

/// The processor time of a plan, in seconds: the mean of many, after one that is not counted. Unlike the
/// time on the wall it does not hold what others did.
fn cpu_seconds(spec: &ClusterSpec, view: &View) -> f64 {
    drop(planner::plan(spec, view));
    let before = cpu();
    for _ in 0..RUNS {
        drop(planner::plan(spec, view));
    }
    (cpu() - before).as_secs_f64() / RUNS as f64
}

/// The processor time of this thread.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn time(what: &str, size: (usize, usize), spec: &ClusterSpec, view: &View) -> Figure {
    let times = sample(spec, view);
    let steps = planner::plan(spec, view).steps.len();
    let name = format!("plan, {what}: {} x {}", size.0, size.1 * OF_GROUP);
    let most = crate::report::in_ms(times.most());
    Figure::time(name, times.median())
        .note(format!("median of {}; most {most:.1} ms; {steps} steps", times.count()))
}

/// What four times the resources cost: on as many nodes, and on four times as many, so that each has as
/// much as before. N is the number of resources. Up to some 8,000 of them it is N log N; beyond, what grows
/// more is looking names up (`problem::build`): the file and the view of 16,000 are some 15 MiB in small
/// pieces, which the caches next to a processor do not hold.
fn growth(spec: &ClusterSpec, view: &View) -> [Figure; 2] {
    let few = (USUAL.1 * OF_GROUP) as f64;
    let limit = Target::AtMost(4.0 * (4.0 * few).ln() / few.ln());
    let base = cpu_seconds(spec, view);
    let ratio = |nodes: usize| {
        let more = Cluster::placed(nodes, USUAL.1 * 4, true);
        let much = more.after(&cluster::lost(0));
        cpu_seconds(&more.spec, &much) / base
    };
    [
        Figure::number("plan: 4 x the resources cost", ratio(USUAL.0), "times")
            .against(limit)
            .note("N log N; processor time, on as many nodes"),
        Figure::number("plan: 4 x the resources and nodes cost", ratio(USUAL.0 * 4), "times")
            .against(limit)
            .note("N log N; processor time, one node lost as before"),
    ]
}

/// One resource of one group failed: restarted where it is, or its group moved.
fn failures(cluster: &Cluster) -> [Figure; 2] {
    let group = &cluster.spec.groups[USUAL.1 / 2];
    let resource = &group.resources[1].name;
    let mut once = cluster.view.clone();
    for copy in once.groups.get_mut(&group.name).into_iter().flat_map(|known| &mut known.copies) {
        copy.resources.insert(resource.clone(), State::Failed);
    }
    let often = cluster.after(&Hypothesis::Resource(Some(group.name.clone()), resource.clone()));
    let limit = Target::AtMost(FAILURE_MS);
    [
        time("a resource failed", USUAL, &cluster.spec, &once).against(limit),
        time("it failed too often", USUAL, &cluster.spec, &often).against(limit),
    ]
}

/// Every node lost in turn: the supposition, and a plan for each.
fn what_if(cluster: &Cluster) -> Figure {
    let all = |_| {
        let begun = Instant::now();
        for number in 0..USUAL.0 {
            let view = cluster.after(&cluster::lost(number));
            drop(planner::plan(&cluster.spec, &view));
        }
        begun.elapsed()
    };
    let times = Sample::from((0..5).map(all).collect::<Vec<_>>());
    let most = crate::report::in_ms(times.most());
    Figure::time(format!("what if, each of {} nodes in turn", USUAL.0), times.median())
        .against(Target::AtMost(WHAT_IF_MS))
        .note(format!("median of {}; most {most:.0} ms", times.count()))
}
