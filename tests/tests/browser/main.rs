//! The three jobs, clicked through in a real browser on a real server with a real Redis: browse, travel, watch.

mod browse;
mod browser;
mod explain;
mod keyboard;
mod orders;
mod streams;
mod travel;
mod trouble;
mod watch;
mod workbench;
