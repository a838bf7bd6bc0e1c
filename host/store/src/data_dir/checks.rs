//! Checks the owner and the permissions of a file, and its file system. Each rule is a pure function beside the look-up of its facts.

use super::Error;
use std::path::Path;

/// File systems whose locks and syncs cannot be trusted, by Linux's number for each type. All FUSE file systems are among them, since the number does
/// not tell what is behind one.
const FOREIGN: &[(u32, &str)] = &[
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFE53_4D42, "SMB 2"),
    (0xFF53_4D42, "CIFS"),
    (0x6573_5546, "FUSE, such as sshfs"),
    (0x0102_1997, "9P"),
    (0x5346_414F, "AFS"),
    (0x6B41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x564C, "NCP"),
    (0x00C3_6400, "Ceph"),
    (0x0116_1970, "GFS2"),
    (0x7461_636F, "OCFS2"),
    (0x0BD0_0BD0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x786F_4256, "a folder shared by VirtualBox"),
];

/// The name of the foreign file system with this number; `None` if it is not one of them.
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only Linux has these numbers"))]
fn foreign(magic: u32) -> Option<&'static str> {
    FOREIGN.iter().find(|(number, _)| *number == magic).map(|(_, kind)| *kind)
}

/// Refuses a directory that does not lie on a local disk.
#[cfg(target_os = "linux")]
pub(super) fn local(path: &Path) -> Result<(), Error> {
    let found = rustix::fs::statfs(path).map_err(|errno| Error::file("check the file system of", path)(errno.into()))?;
    // The number has 32 bits; some systems keep it in a longer, signed field.
    match foreign(found.f_type as u32) {
        Some(kind) => Err(Error::NetworkFileSystem { path: path.to_owned(), kind }),
        None => Ok(()),
    }
}

/// Does nothing on other systems: the documentation tells the operator to use a local disk.
#[cfg(not(target_os = "linux"))]
pub(super) fn local(_path: &Path) -> Result<(), Error> {
    Ok(())
}

/// Refuses a file or directory that belongs to another user, or that others may use.
#[cfg(unix)]
pub(super) fn closed(path: &Path, wanted: u32) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt as _;
    let found = std::fs::metadata(path).map_err(Error::file("look at", path))?;
    judge(path, found.uid(), rustix::process::geteuid().as_raw(), found.mode() & 0o7777, wanted)
}

/// Does nothing on systems without Unix modes.
#[cfg(not(unix))]
pub(super) fn closed(_path: &Path, _wanted: u32) -> Result<(), Error> {
    Ok(())
}

#[cfg(unix)]
fn judge(path: &Path, owner: u32, user: u32, mode: u32, wanted: u32) -> Result<(), Error> {
    if owner != user {
        Err(Error::WrongOwner { path: path.to_owned(), owner, user })
    } else if mode & 0o077 != 0 {
        Err(Error::TooOpen { path: path.to_owned(), mode, wanted })
    } else {
        Ok(())
    }
}

/// Removes other users' permissions from a directory that may have existed before.
#[cfg(unix)]
pub(super) fn close(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).map_err(Error::file("close", path))
}

/// Does nothing on systems without Unix modes.
#[cfg(not(unix))]
pub(super) fn close(_path: &Path) -> Result<(), Error> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_foreign_file_system_is_known_and_local_ones_pass() {
        for (magic, kind) in FOREIGN {
            assert_eq!(foreign(*magic), Some(*kind));
        }
        // ext4, XFS, Btrfs, tmpfs, ZFS, overlay, F2FS.
        for magic in [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x2FC1_2FC1, 0x794C_7630, 0xF2F5_2010] {
            assert_eq!(foreign(magic), None, "{magic:x}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_use_it() {
        let path = Path::new("data/key");
        for mode in [0o700, 0o600, 0o400] {
            assert!(judge(path, 1000, 1000, mode, 0o600).is_ok(), "{mode:o}");
        }
        for mode in [0o610, 0o620, 0o640, 0o601, 0o602, 0o604] {
            let error = judge(path, 1000, 1000, mode, 0o600).expect_err("others may use it");
            assert!(error.to_string().ends_with("restrict access with `chmod 0600 data/key`"), "{error}");
        }
        let error = judge(path, 1000, 1001, 0o600, 0o600).expect_err("it is another's");
        assert!(matches!(error, Error::WrongOwner { owner: 1000, user: 1001, .. }), "{error}");
    }
}
