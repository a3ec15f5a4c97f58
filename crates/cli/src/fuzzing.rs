//! Doors for the fuzz targets: what a person sees of an answer, without colours.
//!
//! Nothing here is called by a command. Each function leads to the code that commands run.

use crate::failure::Failure;
use crate::paint::paint;
use crate::render;
use api::Status;
use api::client::ClientError;
use model::stored::EventRecord;

/// The text of `status`, in so many columns.
#[must_use]
pub fn status(status: &Status, width: Option<u16>) -> String {
    paint(&render::status::status(status, width), false)
}

/// The line of an event.
#[must_use]
pub fn event(event: &EventRecord) -> String {
    paint(&render::events::line(event), false)
}

/// What is said of a failure.
#[must_use]
pub fn failure(error: ClientError) -> String {
    paint(&Failure::from(error).render(), false)
}
