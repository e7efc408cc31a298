//! percio-hosttools
