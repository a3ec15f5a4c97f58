//! Why a group leaves one node and comes to another: what its report says, and each of its steps.

use super::obstacle;
use super::words::{names, needs, resource};
use crate::ids::{GroupIx, NodeIx};
use crate::placement::{Criterion, Placement, Verdict, Why};
use crate::problem::Problem;
use crate::view::State;
use model::desired::OnFail;

/// What was decided for a group.
#[derive(Clone, Copy)]
pub(super) struct Decision<'d> {
    pub(super) problem: &'d Problem<'d>,
    pub(super) placement: &'d Placement,
    pub(super) ix: GroupIx,
}

impl Decision<'_> {
    /// Where it is to be and is not yet.
    fn new_places(&self) -> Vec<NodeIx> {
        let group = &self.problem.groups[self.ix];
        let is_here = |node: NodeIx| group.on(node).is_some_and(|copy| copy.is_here());
        let places = self.placement.choices[self.ix].places.iter().map(|at| at.node);
        places.filter(|node| !is_here(*node)).collect()
    }

    /// Where it is, and is not to be.
    pub(super) fn left(&self) -> Option<NodeIx> {
        let places = &self.placement.choices[self.ix].places;
        let here = self.problem.groups[self.ix].copies.iter().filter(|copy| copy.is_here());
        here.map(|copy| copy.node).find(|node| !places.iter().any(|at| at.node == *node))
    }

    /// Why it leaves one node for another: `n1 is down; only n2 can have it`.
    pub(super) fn moves(&self, from: NodeIx) -> String {
        match self.verdict(from) {
            // This names the better node already.
            Some(Verdict::Less(_)) => self.leaves(from),
            _ => match self.new_places().as_slice() {
                [] => self.leaves(from),
                new => format!("{}; {}", self.leaves(from), self.comes(new)),
            },
        }
    }

    /// Why it comes to the nodes where it is to be.
    pub(super) fn starts(&self) -> String {
        let new = self.new_places();
        let all = self.placement.choices[self.ix].places.iter().map(|at| at.node).collect();
        self.comes(&if new.is_empty() { all } else { new })
    }

    /// Why it is not on a node any more.
    pub(super) fn leaves(&self, from: NodeIx) -> String {
        let bar = self.placement.left.get(&self.ix).filter(|(node, _)| *node == from).map(|(_, bar)| *bar);
        let verdict = bar.map(Verdict::Barred).or_else(|| self.verdict(from));
        let to = self.placement.choices[self.ix].places.first().map(|at| at.node);
        match (verdict, to) {
            (Some(Verdict::Barred(bar)), _) => obstacle::sentence(self.problem, self.ix, from, &bar),
            (Some(Verdict::Less(criterion)), Some(to)) => self.better(criterion, from, to),
            (_, Some(to)) => format!("it is to be on {}", self.problem.nodes[to].name),
            (_, None) => "it is to be offline".to_owned(),
        }
    }

    /// Why these nodes were chosen: by what the nearest of the others lost.
    pub(super) fn comes(&self, to: &[NodeIx]) -> String {
        let choice = &self.placement.choices[self.ix];
        let lost = choice.weighed.iter().filter_map(|(_, verdict)| match verdict {
            Verdict::Less(criterion) => Some(*criterion),
            _ => None,
        });
        let names = names(self.problem, to);
        let one = to.len() == 1;
        let (is, has) = if one { ("is", "has") } else { ("are", "have") };
        match lost.max() {
            None if choice.places.len() > 1 => "it runs on every node where it can".to_owned(),
            None if choice.weighed.is_empty() => format!("{names} {has} it already"),
            None => format!("only {names} can have it"),
            Some(Criterion::MakesRoom) => format!("nobody has to leave {names} for it"),
            Some(Criterion::Carries) => format!("most of what runs only with it can be on {names}"),
            Some(Criterion::Asked) => format!("{names} {} asked for", if one { "was" } else { "were" }),
            Some(Criterion::FailedStart) => format!("it did not fail to start on {names} lately"),
            Some(Criterion::Stays | Criterion::Here) => format!("it is on {names} already"),
            Some(Criterion::Ready) => format!("{names} {is} the readiest for it"),
            Some(Criterion::Score) => format!("{names} {is} worth the most to it"),
            Some(Criterion::Domain) => format!("with {names} its copies are in the most failure domains"),
            Some(Criterion::Share) => format!("{names} {is} the emptiest of equally good nodes"),
            Some(Criterion::Count) => format!("{names} {has} the fewest groups of equally good nodes"),
            Some(Criterion::Order) => format!("{names} joined first of equally good nodes"),
        }
    }

    /// In what a node is better than the one where it was.
    fn better(&self, criterion: Criterion, from: NodeIx, to: NodeIx) -> String {
        let (from, to) = (self.problem.nodes[from].name, self.problem.nodes[to].name);
        match criterion {
            Criterion::MakesRoom => format!("nobody has to leave {to} for it, as somebody would {from}"),
            Criterion::Carries => format!("more of what runs only with it can be on {to} than on {from}"),
            Criterion::Asked => format!("{to} was asked for"),
            Criterion::FailedStart => {
                format!("it failed to start on {from} lately; {to} is the best of the others")
            }
            Criterion::Ready => format!("{to} is readier for it than {from}"),
            Criterion::Score => format!("{to} is worth more to it than {from}"),
            Criterion::Domain => {
                format!("fewer copies are in the failure domain of {to} than in that of {from}")
            }
            Criterion::Share => format!("{to} is emptier than {from}"),
            Criterion::Count => format!("{to} has fewer groups than {from}"),
            Criterion::Stays | Criterion::Here | Criterion::Order => format!("{to} goes before {from}"),
        }
    }

    fn verdict(&self, node: NodeIx) -> Option<Verdict> {
        let weighed = &self.placement.choices[self.ix].weighed;
        weighed.iter().find(|(one, _)| *one == node).map(|(_, verdict)| *verdict)
    }

    /// Why nothing of it is to be anywhere, in few words.
    pub(super) fn offline(&self, from: NodeIx) -> String {
        match self.placement.choices[self.ix].why {
            Why::WantedOffline => "it is wanted offline".to_owned(),
            Why::StoppedBy(one) => {
                format!("`{}` failed, and its on_fail is `stop`", resource(self.problem, self.ix, one))
            }
            Why::Needs(other) => needs(self.problem, other),
            Why::GivenUp(..) => "it failed, and is not moved for failures any more".to_owned(),
            _ => format!("{}; no other node can have it", self.leaves(from)),
        }
    }

    /// Why a copy becomes the primary, or is it no more.
    pub(super) fn primary(&self) -> String {
        let group = &self.problem.groups[self.ix];
        let places = &self.placement.choices[self.ix].places;
        let is_to_be = |node: NodeIx| places.iter().any(|at| at.node == node && at.primary);
        let was = group.copies.iter().filter(|copy| copy.view.primary && copy.is_here());
        let was = was.map(|copy| copy.node).find(|node| !is_to_be(*node));
        let new = places.iter().find(|at| {
            at.primary && !group.on(at.node).is_some_and(|copy| copy.is_here() && copy.view.primary)
        });
        let name = |node: NodeIx| self.problem.nodes[node].name;
        let why = was.and_then(|was| self.gives_up(was));
        match (why, was.map(name), new.map(|at| at.node)) {
            (_, _, Some(new)) if group.asked == Some(new) => format!("{} was asked for", name(new)),
            (Some(why), _, Some(new)) => format!("{why}; {} is the best copy to be the primary", name(new)),
            (None, Some(was), Some(new)) => format!("{} is better as the primary than {was}", name(new)),
            (None, None, Some(new)) => format!("{} is the best copy to be the primary", name(new)),
            (Some(why), _, None) => why,
            (None, Some(was), None) => format!("{was} cannot be the primary any more"),
            (None, None, None) => "it was interrupted, and is to be the primary".to_owned(),
        }
    }

    /// Why a copy that was the primary cannot be it, if there is anything to be said of its node.
    fn gives_up(&self, was: NodeIx) -> Option<String> {
        let group = &self.problem.groups[self.ix];
        if !self.placement.choices[self.ix].places.iter().any(|at| at.node == was) {
            return Some(self.leaves(was));
        }
        let copy = group.on(was)?;
        let failed = copy.states.iter().find(|(resource, state)| {
            **state == State::Failed && group.resource(*resource).policy.on_fail == OnFail::Demote
        });
        let (resource, _) = failed?;
        Some(format!("`{}` failed on {}", group.resource(resource).name, self.problem.nodes[was].name))
    }
}
