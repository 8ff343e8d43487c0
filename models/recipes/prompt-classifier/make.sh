#!/bin/sh
# Makes models/prompt-classifier/ and its entry in models/manifest.json. Needs Python 3.11 with requirements.txt installed,
# and the data of ../shared/data (or SAFELIGHT_SHARED_DATA). One to two hours on two cores.
set -eu
cd "$(dirname "$0")"
export OMP_NUM_THREADS=1 GOMP_SPINCOUNT=0
train() { torchrun --nproc-per-node 2 --master-port 29777 train.py "$@"; }
python generate.py --seed 2026
train --epochs 0.5 --out first.pt
python generate.py --seed 2027
train --init first.pt --epochs 1 --frozen 2 --out second.pt
python generate.py --seed 2028
train --init second.pt --epochs 1 --frozen 2 --out third.pt
python generate.py --seed 2029
train --init third.pt --epochs 0.4 --frozen 1 --out fourth.pt
python mean.py third.pt fourth.pt model.pt
python export.py --weights model.pt
python vectors.py
(cd ../../.. && npx biome format --write models/manifest.json src/detectors/text/classifier/vectors.json)
python evaluate.py --card
