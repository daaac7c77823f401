//! Where the server listens, and under which names it answers.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use clap::Args;
use clap::builder::FalseyValueParser;

use super::ConfigError;

/// Where the server listens by default.
const DEFAULT: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 7117));

/// Where to listen.
#[derive(Args, Clone, Debug, Default)]
pub struct ListenOptions {
    /// The address to listen on; port 0 takes a free one [default: 127.0.0.1:7117]
    ///
    /// Anything but loopback shows your events to everybody who can reach it, so it needs `--allow-remote` too.
    #[arg(long, value_name = "ADDRESS", env = "REWIND_LISTEN")]
    pub listen: Option<SocketAddr>,

    /// Allow to listen on other addresses than loopback
    #[arg(long, env = "REWIND_ALLOW_REMOTE", value_parser = FalseyValueParser::new())]
    pub allow_remote: bool,

    /// A host name under which people reach this server, such as that of a reverse proxy; can be given several times
    ///
    /// Requests that call the server by another name than these, loopback and the address that it listens on are refused,
    /// which is what keeps hostile web pages from reaching it by a name of their own.
    #[arg(long, value_name = "HOST", env = "REWIND_ALLOW_HOST", value_delimiter = ',')]
    pub allow_host: Vec<String>,
}

impl ListenOptions {
    /// The address to listen on.
    ///
    /// # Errors
    /// If it is not loopback and nobody allowed that.
    pub fn address(&self) -> Result<SocketAddr, ConfigError> {
        let address = self.listen.unwrap_or(DEFAULT);
        if address.ip().is_loopback() || self.allow_remote {
            Ok(address)
        } else {
            Err(ConfigError::Remote(address))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_address_than_loopback_needs_permission() {
        let options = |listen: &str, allow_remote| ListenOptions {
            listen: Some(listen.parse().unwrap()),
            allow_remote,
            ..ListenOptions::default()
        };
        for listen in ["0.0.0.0:7117", "192.168.1.5:7117", "[::]:7117"] {
            let refused = options(listen, false).address();
            assert!(matches!(refused, Err(ConfigError::Remote(_))), "{listen}");
            assert!(options(listen, true).address().is_ok(), "{listen}");
        }
        assert!(options("[::1]:7117", false).address().is_ok());
        assert_eq!(ListenOptions::default().address().unwrap().to_string(), "127.0.0.1:7117");
    }
}
