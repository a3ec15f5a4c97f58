//! The declarative file: parsed with spans, validated, compared, exported.
