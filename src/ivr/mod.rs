//! The menus: what callers are asked, told and promised before a person speaks. It cannot dial.

pub mod speech;
