//! Values of the header `Host`.

/// Those that a server on loopback answers to, whose own address is put in place of `PORT`.
pub const TRUSTED_HOSTS: [&str; 10] = [
    "localhost",
    "localhost:PORT",
    "LOCALHOST:1",
    "localhost.",
    "app.localhost",
    "127.0.0.1",
    "127.0.0.1:PORT",
    "127.8.8.8",
    "[::1]",
    "[::1]:PORT",
];

/// Those that it does not.
pub const UNTRUSTED_HOSTS: [&str; 30] = [
    "",
    ".",
    "evil.example",
    "evil.example:PORT",
    "localhost.evil.example",
    "evil-localhost",
    "evil.example.",
    "localhost..",
    "[::1].evil.example",
    "[::1].evil.example:PORT",
    "[::1]evil.example",
    "[::1]:PORT.evil.example",
    "[::1",
    "[::2]",
    "[::ffff:10.0.0.1]",
    "[::1%25lo]",
    "127.0.0.1.evil.example",
    "127.0.0.1@evil.example",
    "evil.example@127.0.0.1",
    "user:pass@localhost",
    "localhost:PORT@evil.example",
    "localhost:99999",
    "localhost:-1",
    "localhost:80:80",
    "localhost/evil",
    "localhost?evil",
    "localhost evil.example",
    "localhost,evil.example",
    "0.0.0.0",
    "2130706433",
];
