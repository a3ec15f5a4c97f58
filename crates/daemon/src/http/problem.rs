//! Answers that say why a request was not done.

use api::{Problem, ProblemKind};
use axum::Json;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use model::stored::Rejection;

/// A problem on its way out.
#[derive(Debug)]
pub struct Failed(pub Problem);

/// What a route returns.
pub type Answer<T> = Result<Json<T>, Failed>;

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.kind.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self.0)).into_response()
    }
}

/// The answer to a path that does not exist.
pub async fn no_such_path(uri: Uri) -> Failed {
    let path: String = uri.path().chars().take(200).collect();
    Failed(
        Problem::new(ProblemKind::NotFound, format!("there is no `{path}` in this version of the API"))
            .next(format!("GET {} lists what there is", api::paths::OPENAPI)),
    )
}

/// What the database refused, as a problem.
#[must_use]
pub fn rejected(why: &Rejection) -> Problem {
    let kind = match why {
        Rejection::UnknownNode { .. }
        | Rejection::UnknownCredential { .. }
        | Rejection::UnknownSigner { .. } => ProblemKind::NotFound,
        Rejection::NotFormed => ProblemKind::NoCluster,
        _ => ProblemKind::Conflict,
    };
    Problem::new(kind, why.to_string())
}

/// A defect, or a local failure that nothing in the request explains.
#[must_use]
pub fn internal(what: &str, why: &dyn std::fmt::Display) -> Problem {
    Problem::new(ProblemKind::Internal, format!("{what}: {why}")).next("journalctl -u steadfast -e")
}
