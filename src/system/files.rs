//! The files' door: bounded reads, writes that are whole or not there, listings in one order everywhere.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// The whole of a file of at most `bytes_max` bytes.
///
/// # Errors
/// The file cannot be read, is no regular file, or is larger ([`io::ErrorKind::FileTooLarge`]). No more than one byte
/// beyond the limit is ever read, so a file that grows meanwhile does no harm.
pub fn read(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    // Opening a pipe would wait for its other end, so the kind is asked first.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{} is not a regular file", path.display())));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > bytes_max {
        let text = format!("{} is larger than {bytes_max} bytes", path.display());
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

/// [`read`] for text.
///
/// # Errors
/// As [`read`]; [`io::ErrorKind::InvalidData`] when the bytes are not UTF-8.
pub fn read_to_string(path: &Path, bytes_max: u64) -> io::Result<String> {
    String::from_utf8(read(path, bytes_max)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        io::Error::new(io::ErrorKind::InvalidData, format!("{} is not valid UTF-8 from byte {at} on", path.display()))
    })
}

/// Writes a file so that a reader, or a crash, sees the old content or the new, never a part.
///
/// # Errors
/// The folder is missing or not writable, or the disk is full; the old content is then untouched.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, bytes, false)
}

fn replace(path: &Path, bytes: &[u8], private: bool) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))?;
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}.new", std::process::id()));
    let beside = folder.join(beside);
    let written = write_through(&beside, bytes, private).and_then(|()| {
        // Who may read the file is not for the writer to change.
        if let Ok(before) = fs::metadata(path).as_ref()
            && !private
        {
            fs::set_permissions(&beside, before.permissions())?;
        }
        fs::rename(&beside, path)
    });
    if written.is_err() {
        // The error that counts is the first one; a leftover beside it is a nuisance, not a fault.
        let _ = fs::remove_file(&beside);
    }
    written?;
    // The rename itself is durable only when the folder is. Where folders cannot be opened, the file still is whole.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// The same for a file that is its owner's alone, at every moment.
///
/// # Errors
/// As [`write_atomic`].
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, bytes, true)
}

/// How much may still be written below a folder, in bytes.
///
/// # Errors
/// It is not there, or nobody says.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let told = rustix::fs::statvfs(folder)?;
    Ok(told.f_bavail.saturating_mul(told.f_frsize))
}

/// Removes a file; fine if it is not there.
///
/// # Errors
/// It may not be removed.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write_through(path: &Path, bytes: &[u8], private: bool) -> io::Result<()> {
    let mut file = create(path, private)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(unix)]
fn create(path: &Path, private: bool) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mode = if private { 0o600 } else { 0o666 };
    fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path, _: bool) -> io::Result<File> {
    File::create(path)
}

/// What a folder holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub path: PathBuf,
    /// A folder, or a link to one.
    pub folder: bool,
}

/// The entries of one folder in the byte order of their names, so that every machine reads them in the same order.
///
/// # Errors
/// The folder cannot be read.
pub fn list(folder: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let folder = path.is_dir();
        entries.push(Entry { path, folder });
    }
    sort(&mut entries);
    Ok(entries)
}

/// All files beneath a folder, depth first, each folder in byte order. Names beginning with a dot are left out, and
/// so are links to folders (they may lead in a circle).
///
/// # Errors
/// A folder cannot be read; there are more than `files_max` files, or folders more than `depth_max` deep.
pub fn walk(folder: &Path, depth_max: usize, files_max: usize) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    // A stack instead of recursion; entries are pushed in reverse, so that they are taken in order.
    let mut waiting = vec![(Entry { path: folder.to_owned(), folder: true }, 0_usize)];
    while let Some((entry, depth)) = waiting.pop() {
        if !entry.folder {
            if found.len() >= files_max {
                return Err(io::Error::other(format!("{} holds more than {files_max} files", folder.display())));
            }
            found.push(entry.path);
            continue;
        }
        if depth > depth_max {
            return Err(io::Error::other(format!("{} lies more than {depth_max} folders deep", entry.path.display())));
        }
        let inner = list(&entry.path)?.into_iter().rev().filter(|inner| {
            let hidden = inner.path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            let circle = inner.folder && inner.path.is_symlink();
            !hidden && !circle
        });
        waiting.extend(inner.map(|inner| (inner, depth + 1)));
    }
    Ok(found)
}

/// Whether something is there, of whatever kind.
#[must_use]
pub fn exists(path: &Path) -> bool {
    path.exists()
}

/// Whether a folder is there.
#[must_use]
pub fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

/// Makes a folder with all above it; fine if it is there.
///
/// # Errors
/// Something else is in the way, or it may not be written.
pub fn make_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// The path without links and dots.
///
/// # Errors
/// Nothing is there.
pub fn canonical(path: &Path) -> io::Result<PathBuf> {
    path.canonicalize()
}

fn sort(entries: &mut [Entry]) {
    entries.sort_by(|a, b| a.path.as_os_str().as_encoded_bytes().cmp(b.path.as_os_str().as_encoded_bytes()));
}

/// A folder of this process alone, removed with all that is in it when dropped.
#[derive(Debug)]
pub struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    /// Makes the folder; `prefix` begins its name.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(prefix: &str) -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("{prefix}-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's own cleaning.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_limit_and_not_beyond() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_atomic(&path, b"12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        assert_eq!(read(&path, 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read(&path, u64::MAX).unwrap(), b"12345");
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path(), 10).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(read(&folder.path().join("none"), 10).unwrap_err().kind(), io::ErrorKind::NotFound);
        #[cfg(unix)]
        assert!(read(Path::new("/dev/zero"), 10).is_err());
    }

    #[test]
    fn bytes_that_are_no_text_name_their_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_atomic(&path, b"ab\xff").unwrap();
        let error = read_to_string(&path, 10).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(error.to_string().contains("byte 2"), "{error}");
    }

    #[test]
    fn writing_replaces_the_whole_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_atomic(&path, b"a long first content").unwrap();
        write_atomic(&path, b"new").unwrap();
        assert_eq!(read(&path, 100).unwrap(), b"new");
        assert_eq!(list(folder.path()).unwrap().len(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_its_owners_alone_also_where_it_was_not_before() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_atomic(&path, b"open").unwrap();
        write_private(&path, b"closed").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0);
        assert_eq!(read(&path, 100).unwrap(), b"closed");
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert!(!exists(&path));
    }

    #[test]
    fn a_write_that_cannot_be_finished_leaves_the_old_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in-the-way");
        make_folder(&path).unwrap();
        assert!(write_atomic(&path, b"x").is_err());
        assert!(is_folder(&path));
        assert_eq!(list(folder.path()).unwrap().len(), 1);
        assert!(write_atomic(&folder.path().join("missing").join("a"), b"x").is_err());
    }

    #[test]
    fn listings_come_in_byte_order_whatever_the_disk_says() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b", "a", "B", "é", "a.flow", ".hidden"] {
            write_atomic(&folder.path().join(name), b"").unwrap();
        }
        let names: Vec<String> =
            list(folder.path()).unwrap().iter().map(|e| e.path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
        assert_eq!(names, [".hidden", "B", "a", "a.flow", "b", "é"]);
    }

    #[test]
    fn a_walk_goes_into_folders_but_not_into_hidden_ones_nor_in_circles() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        make_folder(&root.join("b/c")).unwrap();
        make_folder(&root.join(".git")).unwrap();
        for name in ["z", "b/c/y", "b/x", ".git/config", "a"] {
            write_atomic(&root.join(name), b"").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(root, root.join("b/loop")).unwrap();
        let names: Vec<PathBuf> = walk(root, 8, 100).unwrap().iter().map(|p| p.strip_prefix(root).unwrap().to_owned()).collect();
        assert_eq!(names, ["a", "b/c/y", "b/x", "z"].map(PathBuf::from));
        assert!(walk(root, 8, 3).is_err());
        assert!(walk(root, 1, 100).is_err());
        assert_eq!(walk(root, 2, 4).unwrap().len(), 4);
    }
}
