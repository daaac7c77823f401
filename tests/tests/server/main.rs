//! The server, asked over HTTP, with a real Redis behind it. One module for each route or command.

mod events;
mod guard;
mod health;
mod least_rights;
mod live;
mod loan_applications;
mod replay;
mod streams;
mod transfer;
