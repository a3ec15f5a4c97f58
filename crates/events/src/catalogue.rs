//! The entries, one file per theme.
//!
//! An entry is written once, as below; the macro makes the struct, its [`crate::Entry`] and the
//! conversion into a [`crate::Draft`]. Messages are whole sentences. Cause and remedy are for
//! somebody who was woken up: plain words, and the next command in backticks. Fields carry what
//! is particular to the occasion and never a secret.

use crate::entry::Entry;

/// Declares events.
///
/// `ID Struct "NAME" Level { /// meaning⏎ field: Type, … } => "message with {field}" cause: "…",
/// remedy: "…";` An optional field says with `= "…"` what the message shows in its absence.
macro_rules! catalogue {
    ($(
        $id:literal $type:ident $name:literal $level:ident {
            $( $(#[doc = $meaning:literal])+ $field:ident : $kind:ty $(= $absent:literal)? ),* $(,)?
        } => $message:literal
        cause: $cause:literal, remedy: $remedy:literal;
    )+) => {
        $(
            #[doc = concat!("Event ", $id, ", ", $name, ": ", $message)]
            #[derive(Debug, Clone, PartialEq, Eq)]
            pub struct $type {
                $( $(#[doc = $meaning])+ pub $field: $kind, )*
            }

            impl $type {
                /// What the catalogue says of it.
                pub const ENTRY: &'static $crate::Entry = &$crate::Entry {
                    id: $id,
                    name: $name,
                    level: $crate::Level::$level,
                    message: $message,
                    fields: &[$( $crate::Field {
                        name: stringify!($field),
                        meaning: concat!($($meaning),+).trim_ascii(),
                        kind: stringify!($kind),
                        absent: catalogue!(@absent $($absent)?),
                    }, )*],
                    cause: $cause,
                    remedy: $remedy,
                };
            }

            impl From<$type> for $crate::Draft {
                fn from(event: $type) -> Self {
                    let fields = [
                        $( (stringify!($field).to_owned(), $crate::draft::field(&event.$field)), )*
                    ];
                    Self { entry: $type::ENTRY, fields: fields.into_iter().collect(), revision: None }
                }
            }
        )+

        /// The entries of this theme.
        pub(super) const ENTRIES: &[&$crate::Entry] = &[$( $type::ENTRY ),+];
    };
    (@absent) => { None };
    (@absent $absent:literal) => { Some($absent) };
}

pub mod components;
pub mod configuration;
pub mod daemon;
pub mod database;
pub mod forming;
pub mod groups;
pub mod membership;
pub mod network;
pub mod resources;
pub mod security;
pub mod versions;

/// Every theme's entries.
pub(crate) const THEMES: &[&[&Entry]] = &[
    forming::ENTRIES,
    membership::ENTRIES,
    database::ENTRIES,
    network::ENTRIES,
    resources::ENTRIES,
    components::ENTRIES,
    groups::ENTRIES,
    security::ENTRIES,
    configuration::ENTRIES,
    versions::ENTRIES,
    daemon::ENTRIES,
];
