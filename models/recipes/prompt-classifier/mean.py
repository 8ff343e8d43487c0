"""The mean of two sets of weights, which errs less than either: python mean.py a.pt b.pt out.pt"""

import sys

import torch

from common import WORK

first, second, out = (WORK / name for name in sys.argv[1:4])
a, b = torch.load(first), torch.load(second)
torch.save({name: (value + b[name]) / 2 for name, value in a.items()}, out)
