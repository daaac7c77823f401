//! TLS to Redis: whom to believe, and what to show.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{
    AlertDescription, CertificateError, ClientConfig, Error, InvalidMessage, RootCertStore,
};

/// The PEM files that a connection with TLS needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificates of the authorities that may vouch for the server; `None` for those that the system trusts.
    pub ca: Option<PathBuf>,
    /// The certificate to show to a server that asks for one.
    pub certificate: Option<PathBuf>,
    /// Its private key.
    pub key: Option<PathBuf>,
}

/// Why files do not make a connection with TLS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsFileError {
    /// The address does not use TLS.
    #[error(
        "`{option}` is for a Redis with TLS, and the Redis URL does not ask for that; begin it with `rediss://`"
    )]
    NotUsed {
        /// The option that is of no use.
        option: &'static str,
    },
    /// One of certificate and key is missing.
    #[error(
        "`{given}` needs `{missing}` beside it: a certificate and its private key belong together"
    )]
    Alone {
        /// The option that is there.
        given: &'static str,
        /// The one that is not.
        missing: &'static str,
    },
    /// A file cannot be read.
    #[error("`{option} {}` cannot be read: {reason}", path.display())]
    Unreadable {
        /// The option that names it.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The key is not that of the certificate, or of a kind that is not known.
    #[error("`--redis-cert` and `--redis-key` do not fit together: {reason}")]
    Mismatch {
        /// What is wrong.
        reason: String,
    },
    /// Nobody could vouch for a server.
    #[error(
        "the system trusts no certificate authority; name the one of your Redis with `--redis-ca`"
    )]
    NoAuthorities,
}

const CA: &str = "--redis-ca";
const CERTIFICATE: &str = "--redis-cert";
const KEY: &str = "--redis-key";

/// How to make connections with TLS.
pub(super) struct Tls {
    files: TlsFiles,
    /// What was read of the files, and when they had been written. Certificates are renewed while the server runs.
    read: Mutex<Option<(Written, Arc<ClientConfig>)>>,
}

/// When each of the files was written; `None` for one that is not there.
type Written = [Option<SystemTime>; 3];

impl TlsFiles {
    /// The option that names a file, if one does.
    pub(super) fn first_option(&self) -> Option<&'static str> {
        let given = [(CA, &self.ca), (CERTIFICATE, &self.certificate), (KEY, &self.key)];
        given.into_iter().find_map(|(option, file)| file.as_ref().map(|_| option))
    }

    fn written(&self) -> Written {
        [&self.ca, &self.certificate, &self.key].map(|file| {
            file.as_ref().and_then(|file| file.metadata().and_then(|about| about.modified()).ok())
        })
    }

    fn read(&self) -> Result<ClientConfig, TlsFileError> {
        let roots = match &self.ca {
            Some(file) => authorities_in(file)?,
            None => authorities_of_the_system()?,
        };
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsFileError::Mismatch { reason: error.to_string() })?
            .with_root_certificates(roots);
        match (&self.certificate, &self.key) {
            (None, None) => Ok(builder.with_no_client_auth()),
            (Some(_), None) => Err(TlsFileError::Alone { given: CERTIFICATE, missing: KEY }),
            (None, Some(_)) => Err(TlsFileError::Alone { given: KEY, missing: CERTIFICATE }),
            (Some(certificate), Some(key)) => builder
                .with_client_auth_cert(certificates(CERTIFICATE, certificate)?, private_key(key)?)
                .map_err(|error| match error {
                    Error::InvalidCertificate(error) => {
                        let reason = certificate_reason(&error);
                        unreadable(CERTIFICATE, certificate, reason.replacen("its", "this", 1))
                    }
                    error => TlsFileError::Mismatch { reason: error.to_string() },
                }),
        }
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// If one of them is not what it should be.
    pub(super) fn new(files: TlsFiles) -> Result<Self, TlsFileError> {
        let tls = Self { files, read: Mutex::default() };
        tls.config()?;
        Ok(tls)
    }

    /// Believes those that the system trusts, which are read when the first connection is made.
    pub(super) fn of_the_system() -> Self {
        Self { files: TlsFiles::default(), read: Mutex::default() }
    }

    /// Speaks TLS over a connection to `host`.
    ///
    /// # Errors
    /// If the server is not believed, or does not believe the client; [`tls_reason`] says why.
    pub(super) async fn connect(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> io::Result<TlsStream<TcpStream>> {
        let unusable = |reason| io::Error::new(io::ErrorKind::InvalidInput, reason);
        let name = ServerName::try_from(host.to_owned()).map_err(|_| unusable(NO_NAME.into()))?;
        let config = self.config().map_err(|error| unusable(error.to_string()))?;
        match timeout(HANDSHAKE_TIMEOUT, TlsConnector::from(config).connect(name, stream)).await {
            Ok(connected) => connected,
            Err(_) => Err(unusable(SILENT.into())),
        }
    }

    /// What was read of the files, again if they were written since. Files that cannot be used now leave it at what was read before:
    /// they may be half written.
    fn config(&self) -> Result<Arc<ClientConfig>, TlsFileError> {
        let written = self.files.written();
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        match read.as_ref() {
            Some((at, config)) if *at == written => return Ok(Arc::clone(config)),
            _ => {}
        }
        match (self.files.read(), read.as_ref()) {
            (Ok(config), _) => {
                let config = Arc::new(config);
                *read = Some((written, Arc::clone(&config)));
                Ok(config)
            }
            (Err(error), Some((_, config))) => {
                tracing::warn!(%error, "the files for TLS changed and are not used");
                Ok(Arc::clone(config))
            }
            (Err(error), None) => Err(error),
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.files.fmt(f)
    }
}

fn authorities_in(file: &Path) -> Result<RootCertStore, TlsFileError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(CA, file)? {
        roots.add(certificate).map_err(|error| unreadable(CA, file, error.to_string()))?;
    }
    Ok(roots)
}

fn authorities_of_the_system() -> Result<RootCertStore, TlsFileError> {
    let mut roots = RootCertStore::empty();
    // The system has some that are too old to be read; the others do.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(TlsFileError::NoAuthorities) } else { Ok(roots) }
}

fn certificates(
    option: &'static str,
    file: &Path,
) -> Result<Vec<CertificateDer<'static>>, TlsFileError> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let certificates: Vec<_> = read.map_err(|error| unreadable(option, file, reason_of(error)))?;
    if certificates.is_empty() {
        return Err(unreadable(option, file, "there is no certificate in PEM form in it".into()));
    }
    Ok(certificates)
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsFileError> {
    PrivateKeyDer::from_pem_file(file).map_err(|error| {
        let is_encrypted =
            std::fs::read_to_string(file).is_ok_and(|text| text.contains("ENCRYPTED"));
        let reason = match error {
            pem::Error::NoItemsFound if is_encrypted => {
                "it is encrypted; write it without a passphrase, readable by this user alone".into()
            }
            pem::Error::NoItemsFound => "there is no private key in PEM form in it".into(),
            error => reason_of(error),
        };
        unreadable(KEY, file, reason)
    })
}

fn reason_of(error: pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        _ => "it is no PEM file".into(),
    }
}

fn unreadable(option: &'static str, path: &Path, reason: String) -> TlsFileError {
    TlsFileError::Unreadable { option, path: path.to_owned(), reason }
}

/// How long a server may take for the handshake. Less than connecting may take as a whole, so that this is what is said.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_millis(2_500);
/// Redis without TLS waits for the end of a line, which a client that speaks TLS never sends.
const SILENT: &str = "it does not answer to TLS; if it does not speak TLS at this port, use its port for TLS, or begin the URL with `redis://`";
const NO_NAME: &str = "its host name is none that a certificate could be for";

/// Why a connection with TLS failed, and what would help; `None` if the error is not about TLS.
pub(super) fn tls_reason(error: &io::Error) -> Option<String> {
    let inner = error.get_ref()?;
    if error.kind() == io::ErrorKind::InvalidInput {
        return Some(inner.to_string());
    }
    let error = inner.downcast_ref::<Error>()?;
    Some(match error {
        Error::InvalidCertificate(certificate) => certificate_reason(certificate),
        Error::AlertReceived(alert) => alert_reason(*alert),
        Error::InvalidMessage(InvalidMessage::InvalidContentType)
        | Error::InvalidMessage(InvalidMessage::UnknownProtocolVersion) => {
            "it does not speak TLS at this port; use its port for TLS, or begin the URL with `redis://`".into()
        }
        other => format!("TLS failed: {other}"),
    })
}

fn certificate_reason(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired; it has to be renewed there".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; the clock here or there may be wrong".into()
        }
        CertificateError::NotValidForName => {
            "its certificate is for another host name than the one in the URL".into()
        }
        CertificateError::NotValidForNameContext { expected, presented } => format!(
            "its certificate is not for `{}` but for {}; write one of these names into the URL",
            expected.to_str(),
            names(presented)
        ),
        // Another authority of the same name has signed it.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "its certificate is signed by an authority that is not known here; name that authority's certificate with `--redis-ca`".into()
        }
        CertificateError::Other(other) if is_named(other, "CaUsedAsEndEntity") => {
            "its certificate is that of an authority (`CA:TRUE`) and cannot be a server's as well; have one made for the server with `basicConstraints=CA:FALSE`".into()
        }
        CertificateError::Other(other) if is_named(other, "UnsupportedCertVersion") => {
            "its certificate is of an old version of X.509; have it made again with extensions, as version 3".into()
        }
        CertificateError::Revoked => "its certificate was revoked".into(),
        other => format!("its certificate is not accepted: {other}"),
    }
}

/// Whether the library that checks certificates, whose errors have no type that can be reached from here, calls an error so.
fn is_named(error: &impl fmt::Debug, name: &str) -> bool {
    format!("{error:?}").contains(name)
}

/// Such as `DnsName("localhost")`, which is how they are presented.
fn names(presented: &[String]) -> String {
    let name = |text: &String| match text.split('"').nth(1) {
        Some(name) => format!("`{name}`"),
        None => format!("`{text}`"),
    };
    match presented {
        [] => "no name at all".into(),
        presented => presented.iter().map(name).collect::<Vec<_>>().join(", "),
    }
}

fn alert_reason(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired | AlertDescription::HandshakeFailure => {
            "it asks for a certificate of the client; give one with `--redis-cert` and `--redis-key`".into()
        }
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::DecryptError => {
            "it does not accept the certificate of `--redis-cert`; it has to be signed by an authority that it knows".into()
        }
        AlertDescription::CertificateExpired => {
            "it does not accept the certificate of `--redis-cert`, which has expired".into()
        }
        AlertDescription::ProtocolVersion => {
            "it speaks only versions of TLS before 1.2, which are not safe".into()
        }
        other => format!("it ended TLS with the alert {other:?}"),
    }
}
