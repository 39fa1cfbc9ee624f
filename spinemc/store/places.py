"""Where a store lies: a folder, or objects under a URL. What is written is there whole and safe, or not at all."""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spinemc.errors import StoreError
from spinemc.store import trust

OWN = ".spinemc"
"""The part of a store that is not for readers: seals, and what a run in progress leaves behind."""

LOCK = f"{OWN}/lock"
PARTIAL = ".partial"  # how files end that are being written
RENEWED = 20.0  # s, how often the holder of a store elsewhere says that it is still there
STALE = 90.0  # s, after which it is not


class Place(ABC):
    """A store's files by key, such as `counts/count/c/0/0/0/0`."""

    name: str

    @abstractmethod
    def read(self, key: str) -> bytes | None:
        """What a key holds; None where there is none."""

    @abstractmethod
    def write(self, key: str, data: bytes) -> None:
        """Make a key hold data, safely."""

    @abstractmethod
    def remove(self, key: str) -> None:
        """Remove a key, or all keys below it; nothing happens where there is none."""

    @abstractmethod
    def listed(self, below: str = "") -> Iterator[str]:
        """All keys, or those below a key."""

    @abstractmethod
    def size(self) -> int:
        """Bytes of all keys."""

    @abstractmethod
    def tidy(self) -> None:
        """Remove what was being written when a process was killed."""

    @abstractmethod
    def settle(self, keys: Iterable[str]) -> None:
        """Make sure that keys which zarr has written outlast a loss of power."""

    @abstractmethod
    def zarr(self) -> Any:
        """The store as zarr knows it."""

    def refuse_links(self) -> None:  # noqa: B027 - objects know no links
        """Refuse a store that leads elsewhere: StoreError."""

    @abstractmethod
    def put(self, folder: Path, overwrite: bool) -> None:
        """Put a folder here, with all in it; in place of what is here where that is to be overwritten."""

    @abstractmethod
    def hold(self) -> Any:
        """A context that nobody else may enter at the same time: StoreError, which says who is there."""

    @property
    @abstractmethod
    def is_taken(self) -> bool:
        """Whether anything is here."""

    def busy(self, holder: bytes | None) -> StoreError:
        """What is said to the second."""
        try:
            who = json.loads(holder or b"")
            said = f"process {who['process']} on {who['host']}, since {who['since']}"
        except (ValueError, KeyError, TypeError):
            said = "another process"
        return StoreError(f"{self.name} is being written by {said}: wait until that ends, or stop it.")


def place(out: str | Path) -> Place:
    """The place of a path or a URL."""
    return Bucket(str(out)) if "://" in str(out) else Folder(Path(out))


def beside(path: str | Path, suffix: str) -> Path:
    """A file that goes beside a store; here, where the store is a URL."""
    return Path(str(path).rsplit("/", 1)[-1] if "://" in str(path) else path).with_suffix(suffix)


@contextmanager
def refusals_told(here: Place) -> Iterator[None]:
    """A full disk and its like as one sentence."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{here.name} cannot be written: {error.strerror or error}. What is finished is safe: "
            f"`spinemc resume {here.name}` goes on."
        ) from error


def _holder() -> bytes:
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    return json.dumps({"process": os.getpid(), "host": platform.node(), "since": since}).encode()


class Folder(Place):
    """A folder of this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)

    def read(self, key: str) -> bytes | None:
        try:
            return (self.path / key).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except IsADirectoryError:
            raise StoreError(f"{self.name}: {key} is a folder, where a file was: remove it.") from None

    def refuse_links(self) -> None:
        if self.path.is_dir():
            trust.refuse_links(self.path)

    def write(self, key: str, data: bytes) -> None:
        target = self.path / key
        new = [parent for parent in target.parents if not parent.exists()]
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}{PARTIAL}")
        try:
            with partial.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        for folder in (target.parent, *(parent.parent for parent in new)):
            _sync(folder)

    def remove(self, key: str) -> None:
        target = self.path / key
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)

    def listed(self, below: str = "") -> Iterator[str]:
        for folder, _, files in os.walk(self.path / below):
            for name in files:
                if not name.endswith(PARTIAL):
                    yield (Path(folder) / name).relative_to(self.path).as_posix()

    def size(self) -> int:
        return sum((self.path / key).stat().st_size for key in self.listed())

    def tidy(self) -> None:
        for partial in self.path.rglob(f"*{PARTIAL}"):
            if partial.is_file():
                partial.unlink()

    def settle(self, keys: Iterable[str]) -> None:
        folders = set()
        for key in keys:
            _sync(self.path / key)
            folders.add((self.path / key).parent)  # all folders are there since the store was made
        for folder in folders:
            _sync(folder)

    def zarr(self) -> Any:
        from zarr.storage import LocalStore

        return LocalStore(self.path)

    def put(self, folder: Path, overwrite: bool) -> None:
        for found, _, files in os.walk(folder):
            for name in files:
                _sync(Path(found) / name)
            _sync(Path(found))
        if self.path.exists():
            if not overwrite:
                raise StoreError(f"{self.name} exists by now: choose another --out.")
            aside = Path(tempfile.mkdtemp(prefix=f".{self.path.name}.", dir=self.path.parent))
            try:
                self.path.rename(aside / "old")
                folder.rename(self.path)
            finally:
                shutil.rmtree(aside)
        else:
            folder.rename(self.path)
        _sync(self.path.parent)

    @property
    def is_taken(self) -> bool:
        return self.path.exists() or self.path.is_symlink()

    @contextmanager
    def hold(self) -> Iterator[None]:
        import fcntl

        lock = self.path / LOCK
        lock.parent.mkdir(exist_ok=True)
        with lock.open("a+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # given back even when the process is killed
            except BlockingIOError:
                file.seek(0)
                raise self.busy(file.read()) from None
            file.truncate(0)
            file.write(_holder())
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)


def _said(fault: Exception) -> str:
    """The first line of what an error says, without its full stop."""
    return (str(fault).splitlines() or [""])[0].rstrip(".")


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Bucket(Place):
    """Objects under a URL that fsspec knows, such as s3://bucket/run.zarr; each is written as a whole or not at all."""

    def __init__(self, url: str) -> None:
        self.name = url.rstrip("/")
        try:
            from fsspec.core import url_to_fs
        except ImportError:
            raise StoreError(
                f"{url}: a store elsewhere needs fsspec, which is not installed: pip install 'spinemc[remote]'."
            ) from None
        try:
            self.files, self.path = url_to_fs(self.name)
        except (ImportError, ValueError) as fault:
            raise StoreError(f"{url}: {str(fault).rstrip('.')}.") from None

    def read(self, key: str) -> bytes | None:
        with self._reached():
            try:
                return bytes(self.files.cat_file(f"{self.path}/{key}"))
            except FileNotFoundError:
                return None

    def write(self, key: str, data: bytes) -> None:
        with self._reached():
            self.files.pipe_file(f"{self.path}/{key}", data)

    def remove(self, key: str) -> None:
        target = f"{self.path}/{key}"
        with self._reached():
            self.files.invalidate_cache()
            if self.files.exists(target):
                self.files.rm(target, recursive=True)

    def listed(self, below: str = "") -> Iterator[str]:
        with self._reached():
            self.files.invalidate_cache()
            found = self.files.find(f"{self.path}/{below}" if below else self.path)
        for key in found:
            yield key[len(self.path) + 1 :]

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """What keeps from a store elsewhere as one sentence; each kind of store has errors of its own."""
        try:
            yield
        except StoreError:
            raise
        except FileNotFoundError as fault:
            raise StoreError(f"{self.name}: there is no such bucket or container ({_said(fault)}).") from fault
        except Exception as fault:
            raise StoreError(f"{self.name} cannot be reached: {type(fault).__name__}: {_said(fault)}.") from fault

    def size(self) -> int:
        with self._reached():
            return int(self.files.du(self.path))

    def tidy(self) -> None:
        """Nothing: what was not accepted as a whole is not there."""

    def settle(self, keys: Iterable[str]) -> None:
        """Nothing: an object that was accepted is safe."""

    def zarr(self) -> Any:
        from zarr.storage import FsspecStore

        return FsspecStore.from_url(self.name)

    def put(self, folder: Path, overwrite: bool) -> None:
        if self.is_taken:
            if not overwrite:
                raise StoreError(f"{self.name} exists by now: choose another --out.")
            self.remove("zarr.json")
            for key in {key.partition("/")[0] for key in self.listed()}:
                self.remove(key)
        local = Folder(folder)
        keys = sorted(local.listed(), key=lambda key: key == "zarr.json")  # the root is the last
        for key in keys:
            self.write(key, (folder / key).read_bytes())

    @property
    def is_taken(self) -> bool:
        return next(self.listed(), None) is not None

    @contextmanager
    def hold(self) -> Iterator[None]:
        """A lease, which is renewed while it lasts: objects know no locks."""
        held = self.read(LOCK)
        mine = uuid.uuid4().hex
        if held is not None and time.time() - json.loads(held).get("renewed", 0.0) < STALE:
            raise self.busy(held)
        ended = threading.Event()
        said = json.loads(_holder()) | {"holder": mine}

        def renew() -> None:
            while not ended.wait(RENEWED):
                self.write(LOCK, json.dumps(said | {"renewed": time.time()}).encode())

        self.write(LOCK, json.dumps(said | {"renewed": time.time()}).encode())
        if json.loads(self.read(LOCK) or b"{}").get("holder") != mine:
            raise self.busy(self.read(LOCK))
        thread = threading.Thread(target=renew, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            self.remove(LOCK)
