//! Every layer on every instruction set of this machine against its textbook twin.

mod activation;
mod attention;
mod dispatch;
mod gather;
mod linear;
mod moves;
mod norm;
mod support;
mod tolerance;
