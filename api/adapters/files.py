"""Where photos and exports lie: a folder or an S3 bucket behind one interface, `FileStore`."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from api.adapters.bucket_store import open_bucket
from api.adapters.file_store import (
    FileMissing,
    FileStore,
    KeyMalformed,
    KeyTaken,
    OpenFile,
    StoredFile,
    StoreUnavailable,
)
from api.adapters.folder_store import FolderStore

__all__ = [
    "FileMissing",
    "FileStore",
    "KeyMalformed",
    "KeyTaken",
    "OpenFile",
    "StoreUnavailable",
    "StoredFile",
    "open_store",
]


def open_store(files_url: str) -> FileStore:
    """Open the store that `files_url` names: `s3://bucket/prefix`, `file:///folder` or a plain path.

    A missing folder is made, readable by its owner only. Raises `ValueError` for any other URL, and
    `OSError` when the folder can't be used.
    """
    parts = urlsplit(files_url)
    if parts.scheme == "s3":
        return open_bucket(files_url)
    if parts.scheme == "file":
        if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/"):
            raise ValueError(f"a file URL names a folder of this machine, as file:///folder: {files_url}")
        return FolderStore(Path(unquote(parts.path)))
    if "://" in files_url or not files_url:
        raise ValueError(f"not a folder, file:/// or s3:// URL: {files_url}")
    return FolderStore(Path(files_url))
