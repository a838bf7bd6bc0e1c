//! The plugin against a model of a Vendure shop: what each update does, what a repeat does not, and what each answer means.

mod answers;
mod model;
mod repeats;
mod updates;
