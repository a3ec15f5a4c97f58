//! The versioned HTTP API: types, paths, client, OpenAPI.
