"""Starts a DreamBooth training with diffusers only when its pictures are those that Safelight has judged.

    python diffusers_dreambooth.py --manifest scan/manifest.json --public-key 'mC2…=' \\
        -- accelerate launch train_dreambooth.py --instance_data_dir=./dogs --instance_prompt="a photo of sks dog" …

What follows `--` is the training as you would start it without this. It is started with the very same arguments.
"""

import argparse
import os
import sys

from safelight_gate import NotScanned, require_scanned

parser = argparse.ArgumentParser(description="Starts a training on a data set that was judged, and on no other.")
parser.add_argument("--manifest", required=True, help="manifest.json of the scan")
parser.add_argument("--source", help="where the pictures are now (where they were scanned)")
parser.add_argument("--public-key", help="the key that must have signed, 32 bytes in base64")
parser.add_argument("training", nargs="+", help="the command that trains")
asked = parser.parse_args()

try:
    require_scanned(asked.manifest, asked.source, asked.public_key)
except NotScanned as problem:
    sys.exit(f"The training is not started.\n{problem}")
os.execvp(asked.training[0], asked.training)
