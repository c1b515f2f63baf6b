//! The module that holds all plugins.

mod one_pass;
