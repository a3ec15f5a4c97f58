//! A door for the fuzz targets: what an agent says of itself, as the monitor understands it.
//!
//! Nothing here is called by the monitor.

use resource_api::TypeDescription;

/// Understands the metadata of the agent of this name.
///
/// # Errors
/// Why not, as whoever asks for the type is told.
pub fn metadata(name: &str, text: &str) -> Result<TypeDescription, String> {
    crate::types::ocf::described(name, text)
}
