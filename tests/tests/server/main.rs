//! The server, asked over HTTP, with a real Redis behind it. One module for each route or command.

mod bisect;
mod blame;
mod catalog;
mod decoders;
mod diff;
mod event;
mod events;
mod find;
mod folds;
mod guard;
mod health;
mod history;
mod index;
mod jump;
mod keyframes;
mod least_rights;
mod live;
mod live_categories;
mod loan_applications;
mod related;
mod replay;
mod scan;
mod streams;
mod timeline;
mod topics;
mod transfer;
