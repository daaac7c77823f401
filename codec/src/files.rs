//! The files that rules name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::RuleFault;

/// Files of a folder, each read once and kept. Elsewhere those that were kept can be read again, without the folder.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Files {
    folder: PathBuf,
    kept: BTreeMap<PathBuf, Vec<u8>>,
}

impl Files {
    /// The files of this folder. Names that are whole paths are files elsewhere.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), kept: BTreeMap::new() }
    }

    /// Where a file is.
    pub(crate) fn path(&self, name: &Path) -> PathBuf {
        self.folder.join(name)
    }

    /// What is in a file.
    pub(crate) fn read(&mut self, name: &Path) -> Result<Vec<u8>, RuleFault> {
        let path = self.path(name);
        if let Some(bytes) = self.kept.get(&path) {
            return Ok(bytes.clone());
        }
        match std::fs::read(&path) {
            Ok(bytes) => {
                self.kept.insert(path, bytes.clone());
                Ok(bytes)
            }
            Err(source) => Err(RuleFault::Unreadable { path, source }),
        }
    }

    /// The same for a file that holds text.
    pub(crate) fn read_text(&mut self, name: &Path) -> Result<String, RuleFault> {
        String::from_utf8(self.read(name)?).map_err(|_| RuleFault::Unreadable {
            path: self.path(name),
            source: std::io::Error::new(std::io::ErrorKind::InvalidData, "it is no UTF-8 text"),
        })
    }
}
