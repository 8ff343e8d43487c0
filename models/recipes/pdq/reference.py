"""Hashes raw RGB pictures with pdqhash, the Python bindings of Meta's C++ code. make.ts calls it."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pdqhash


def hexadecimal(bits):
    return f"{int(''.join(str(int(bit)) for bit in bits), 2):064x}"


pictures = json.loads(Path(sys.argv[1], "pictures.json").read_text())
for picture in pictures:
    raw = np.fromfile(Path(sys.argv[1], picture.pop("file")), np.uint8)
    rgb = raw.reshape(picture["height"], picture["width"], 3)
    hashed, quality = pdqhash.compute(rgb)
    dihedral, _ = pdqhash.compute_dihedral(rgb)
    picture |= {"hash": hexadecimal(hashed), "quality": quality, "dihedral": [hexadecimal(bits) for bits in dihedral]}
print(json.dumps({"source": f"pdqhash {version('pdqhash')} (PyPI)", "pictures": pictures}))
