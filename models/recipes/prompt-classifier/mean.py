"""Between two sets of weights, which errs less than either: python mean.py a.pt b.pt 0.75 out.pt takes a quarter of a and three of b."""

import sys

import torch

from common import WORK

first, second, out = (WORK / name for name in (sys.argv[1], sys.argv[2], sys.argv[4]))
share = float(sys.argv[3])
a, b = torch.load(first), torch.load(second)
torch.save({name: (1 - share) * value + share * b[name] for name, value in a.items()}, out)
