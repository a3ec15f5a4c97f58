//! The catalogue of numbered events: one entry per event, with cause and remedy.
