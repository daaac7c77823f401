//! The three jobs, clicked through in a real browser on a real server with a real Redis: browse, travel, watch.

mod browse;
mod browser;
mod composing;
mod decoders;
mod event;
mod explain;
mod export;
mod find;
mod follow;
mod found;
mod keyboard;
mod menus;
mod orders;
mod overview;
mod parts;
mod remade;
mod rows;
mod still;
mod streams;
mod topics;
mod travel;
mod trouble;
mod watch;
mod workbench;
