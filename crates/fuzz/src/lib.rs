//! Fuzz targets for every decoder that reads before authentication, on the stable compiler.
