#!/bin/sh
# Makes models/prompt-classifier/ and its entry in models/manifest.json. Needs Python 3.11 with requirements.txt installed,
# and the data of ../shared/data (or SAFELIGHT_SHARED_DATA). One to two hours on two cores.
set -eu
cd "$(dirname "$0")"
export OMP_NUM_THREADS=1 GOMP_SPINCOUNT=0
train() { torchrun --nproc-per-node 2 --master-port 29777 train.py "$@"; }
python generate.py --per-template 45
train --epochs 1 --out first.pt
train --epochs 1 --init first.pt --frozen 2 --out model.pt
python export.py --weights model.pt
python vectors.py
(cd ../../.. && npx biome format --write models/manifest.json src/detectors/text/classifier/vectors.json)
python evaluate.py
