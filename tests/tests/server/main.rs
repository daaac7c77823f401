//! The server, asked over HTTP, with a real Redis behind it. One module for each route or command.

mod bisect;
mod blame;
mod diff;
mod events;
mod folds;
mod guard;
mod health;
mod history;
mod keyframes;
mod least_rights;
mod live;
mod live_categories;
mod loan_applications;
mod replay;
mod streams;
mod timeline;
mod transfer;
