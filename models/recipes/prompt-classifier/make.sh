#!/bin/sh
# Makes models/prompt-classifier/ and its entry in models/manifest.json. Needs Python 3.11 with requirements.txt installed,
# and the data of ../shared/data (or SAFELIGHT_SHARED_DATA). Two to three hours on two cores.
set -eu
cd "$(dirname "$0")"
export OMP_NUM_THREADS=1 GOMP_SPINCOUNT=0
train() { torchrun --nproc-per-node 2 --master-port 29777 train.py "$@"; }
python generate.py --seed 2026
train --epochs 1 --out first.pt
python generate.py --seed 2028
train --init first.pt --epochs 1 --frozen 2 --out second.pt
python generate.py --seed 2030
train --init second.pt --epochs 1.35 --rate 1e-4 --out third.pt
python mean.py second.pt third.pt 0.75 model.pt
python export.py --weights model.pt
python vectors.py
(cd ../../.. && npx biome format --write models/manifest.json src/detectors/text/classifier/vectors.json)
python evaluate.py --card
