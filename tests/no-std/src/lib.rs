//! no-std-consumer
