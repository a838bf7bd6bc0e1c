//! The plugin against a model of a Vendure shop: updates, repeated updates, and the meaning of each answer.

mod answers;
mod model;
mod repeats;
mod updates;
