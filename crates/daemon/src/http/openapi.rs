//! The description of the API, made from the routes themselves.

use super::routes::{
    admin, apply, baseline, components, credentials, events, groups, nodes, plan, resources, status, types,
};
use utoipa::OpenApi;

/// The OpenAPI document.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    Api::openapi()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Steadfast",
        description = "The API of a node. Any node answers for the cluster.",
        version = "1",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    paths(
        status::status,
        status::openapi,
        admin::init,
        admin::join,
        admin::create_token,
        admin::list_tokens,
        apply::apply,
        apply::export,
        nodes::list,
        nodes::show,
        nodes::evict,
        nodes::drain,
        nodes::pause,
        nodes::resume,
        nodes::confirm_down,
        groups::list,
        groups::online,
        groups::offline,
        groups::relocate,
        groups::maintenance,
        groups::maintenance_of_all,
        resources::act,
        events::list,
        events::stream,
        plan::plan,
        plan::inputs,
        plan::list,
        types::list,
        types::show,
        components::list,
        components::used,
        baseline::show,
        baseline::history,
        baseline::diff,
        baseline::draft,
        baseline::install,
        baseline::signers,
        baseline::add_signer,
        baseline::remove_signer,
        credentials::create,
        credentials::list,
        credentials::revoke,
    )
)]
struct Api;

#[cfg(test)]
mod tests {
    /// `UPDATE_GOLDEN=1` writes the document anew.
    #[test]
    fn the_committed_document_is_what_the_routes_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/openapi.json");
        let said = super::document().to_pretty_json().unwrap() + "\n";
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(path, &said).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == said, "crates/api/openapi.json is out of date: run with UPDATE_GOLDEN=1");
    }
}
