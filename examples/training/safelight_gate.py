"""Lets a training begin only on a data set that Safelight has judged.

    safelight scan ./dogs --quarantine ./held --out ./scan      # on the machine that curates
    require_scanned("./scan/manifest.json", public_key="mC2…=")  # where the job is started
    require_copy("/opt/ml/input/data/training", "manifest.json") # in the container: needs Python alone

Both raise NotScanned, which says what differs.
"""

import hashlib
import json
import os
import shlex
import subprocess
from pathlib import Path


class NotScanned(Exception):
    """The data set is not what was judged."""


def require_scanned(manifest, source=None, public_key=None):
    """Asks `safelight scan verify`: the signature, and that no file was added, changed or removed since.

    `source` is a folder or `s3://bucket/prefix`; without it, the place that was scanned. Without `public_key` anybody's
    signature will do. The command is taken from SAFELIGHT (`npx safelight`).
    """
    command = shlex.split(os.environ.get("SAFELIGHT", "npx safelight")) + ["scan", "verify", str(manifest)]
    if source is not None:
        command.append(str(source))
    if public_key is not None:
        command += ["--public-key", public_key]
    ended = subprocess.run(command, capture_output=True, text=True)
    if ended.returncode != 0:
        raise NotScanned(f"{ended.stdout}{ended.stderr}".strip())


def require_copy(folder, manifest):
    """Holds a copy of the data set against the manifest's list, without Safelight.

    It does not check the signature: have the manifest come from where `require_scanned` has checked it.
    """
    listed = json.loads(Path(manifest).read_text(encoding="utf-8"))
    kept = {file["key"]: file["sha256"] for file in listed["kept"]}
    differences = []
    there = set()
    for path in sorted(Path(folder).rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        key = path.relative_to(folder).as_posix()
        there.add(key)
        if key not in kept:
            differences.append(f"added      {key}")
        elif f"sha256:{_digest(path)}" != kept[key]:
            differences.append(f"changed    {key}")
    differences += [f"missing    {key}" for key in sorted(kept.keys() - there)]
    if differences:
        raise NotScanned("\n".join(differences))


def _digest(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
