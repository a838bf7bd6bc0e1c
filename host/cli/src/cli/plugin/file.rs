//! The plugin file that a command names.

use crate::cli::Failure;
use cartage::engine::file::PluginDir;
use std::path::Path;

/// The name of a plugin's file without its folder.
pub(super) fn name(file: &Path) -> Result<&str, Failure> {
    file.file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| Failure::wrong_use(format!("{} does not end in a file name", file.display())))
}

/// Reads a plugin's file in the same way as the host.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let name = name(file)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(PluginDir::open(folder)?.read(name)?)
}
