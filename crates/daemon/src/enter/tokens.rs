//! Join tokens.

use crate::clock;
use crate::http::problem::internal;
use crate::node::Node;
use crate::tls::{self, secret_hash};
use api::{Problem, ProblemKind, TokenMade, TokenShown};
use model::stored::{Actor, Command, JoinToken};
use model::{NodeName, TokenId};
use std::time::Duration;

/// How long a token is good unless something else is asked for: time enough to install a node.
pub(crate) const USUAL_LIFE: Duration = Duration::from_secs(3_600);

/// The longest life: a token in a forgotten file must end some day.
const LONGEST_LIFE: Duration = Duration::from_secs(7 * 86_400);

/// Makes a token. Its secret is in the answer and nowhere else.
///
/// # Errors
/// [`Problem`].
pub(crate) async fn create(
    node: &Node,
    actor: Actor,
    for_node: Option<NodeName>,
    life: Duration,
) -> Result<TokenMade, Problem> {
    if life < Duration::from_secs(1) || life > LONGEST_LIFE {
        let text = "a token is good for 1 second to 7 days";
        return Err(Problem::new(ProblemKind::BadRequest, text).next("steadfast token create --ttl 1h"));
    }
    let state = node.state();
    let Some(cluster) = &state.cluster else {
        let (text, next) = crate::status::why_not(node);
        let problem = Problem::new(ProblemKind::NoCluster, text);
        return Err(next.map_or_else(|| problem.clone(), |next| problem.clone().next(next)));
    };
    let authority = tls::certificate(&cluster.ca_certificate)
        .map_err(|error| internal("the cluster's authority cannot be read", &error))?;
    let token = JoinToken {
        id: TokenId(clock::random()),
        secret: clock::random(),
        ca_pin: tls::sha256(authority.as_ref()),
    };
    let expires = clock::wall().plus(life);
    let command = Command::CreateToken {
        token: token.id,
        secret_hash: secret_hash(&token.secret),
        node: for_node,
        expires,
    };
    node.write(actor, command).await?;
    let address = node.config.endpoints.first().map(ToString::to_string).unwrap_or_default();
    Ok(TokenMade { token: token.to_string(), expires: expires.to_string(), address })
}

/// The tokens that the cluster knows.
#[must_use]
pub(crate) fn list(node: &Node) -> Vec<TokenShown> {
    let now = clock::wall();
    let state = node.state();
    let shown = |(id, token): (&TokenId, &model::stored::TokenRecord)| TokenShown {
        id: id.to_string(),
        node: token.node.as_ref().map(ToString::to_string),
        state: match &token.used {
            Some(_) => "used",
            None if now >= token.expires => "expired",
            None => "open",
        }
        .to_owned(),
        by: token.by.clone(),
        expires: token.expires.to_string(),
        used_by: token.used.as_ref().map(|(name, _)| name.to_string()),
    };
    state.tokens.iter().map(shown).collect()
}
