//! What a node is worth to a group, by what the file alone says: owners, scores and rules.
//!
//! Worked out when it is asked for. Most groups stay where they are and ask for one node, so a table of
//! all nodes for all groups would be larger than everything else that a plan is made from.

use super::{Group, Problem, times};
use crate::ids::NodeIx;
use model::desired::{Condition, Effect, Rule, SCORE_MAX, Score};

/// What the first of the preferred owners is worth more than the second, and the last more than no
/// preferred owner: more than people write down as scores, and so little that 64 of them fit in.
const PREFERRED_STEP: i64 = 10_000;

/// Why the file keeps a group from a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is no possible owner.
    NotPossible,
    /// This rule of the group says never, or another node only.
    Rule(usize),
}

impl Problem<'_> {
    /// What keeps a group from a node, as the file has it.
    pub(crate) fn unfit(&self, group: &Group<'_>, node: NodeIx) -> Option<Unfit> {
        let (spec, name) = (group.spec, self.nodes[node].name);
        if !spec.possible_owners.is_empty() && !spec.possible_owners.contains(name) {
            return Some(Unfit::NotPossible);
        }
        self.forbids(group, node, false).map(Unfit::Rule)
    }

    /// What a node is worth to a group that may be there.
    pub(crate) fn worth(&self, group: &Group<'_>, node: NodeIx) -> Score {
        let (spec, name) = (group.spec, self.nodes[node].name);
        let place = spec.preferred_owners.iter().position(|owner| owner == name);
        let steps = place.map_or(0, |place| spec.preferred_owners.len() - place);
        let score = spec.policy.scores.get(name).copied().unwrap_or(0);
        self.with_rules(group, node, false, PREFERRED_STEP * steps as i64 + i64::from(score))
    }

    /// What a node is worth to the primary of a group, more than to its other copies; nothing: it is never
    /// primary there.
    pub(crate) fn primary_worth(&self, group: &Group<'_>, node: NodeIx) -> Option<Score> {
        self.forbids(group, node, true).is_none().then(|| self.with_rules(group, node, true, 0))
    }

    /// The first rule that keeps a group, or its primary, from a node now.
    fn forbids(&self, group: &Group<'_>, node: NodeIx, primary: bool) -> Option<usize> {
        self.rules(group, node, primary).find_map(|(ix, rule, speaks_of_it)| match rule.then {
            Effect::Never => speaks_of_it.then_some(ix),
            Effect::Only => (!speaks_of_it).then_some(ix),
            Effect::Score(_) => None,
        })
    }

    fn with_rules(&self, group: &Group<'_>, node: NodeIx, primary: bool, score: i64) -> Score {
        let more = self.rules(group, node, primary).map(|(_, rule, speaks_of_it)| match rule.then {
            Effect::Score(more) if speaks_of_it => i64::from(more),
            _ => 0,
        });
        let most = i64::from(SCORE_MAX);
        Score::try_from((score + more.sum::<i64>()).clamp(-most, most)).unwrap_or(SCORE_MAX)
    }

    /// The rules of a group, or of its primary, that hold now, and whether each speaks of a node.
    fn rules<'r>(
        &'r self,
        group: &'r Group<'_>,
        node: NodeIx,
        primary: bool,
    ) -> impl Iterator<Item = (usize, &'r Rule, bool)> {
        let attributes = &self.nodes[node].attributes;
        let rules = group.spec.policy.rules.iter().enumerate();
        let holds = move |rule: &Rule| rule.primary == primary && times::holds(&rule.when, &self.now);
        rules.filter(move |(_, rule)| holds(rule)).map(|(ix, rule)| {
            let is = |(key, wanted): (&String, &Condition)| wanted.holds(attributes.get(&**key).copied());
            (ix, rule, rule.node.iter().all(is))
        })
    }
}
