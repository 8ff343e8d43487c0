"""Static int8 quantisation of an NSFW candidate, with ONNX Runtime's own quantiser.

    python models/recipes/nsfw/quantise.py IN.onnx OUT.onnx PICTURES [--layout opennsfw]

needs onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, pillow 13.0.0; PICTURES is what `benign.py` makes. Writes
QOperator nodes (QLinearConv and the like), not QDQ: sessions here set `session.disable_quant_qdq`, under which QDQ
nodes run in float. Only the first output is kept. Weights have seven bits, so that no sum overflows on processors
that have AVX2 but no VNNI. Every second picture calibrates; the others are for whoever compares. The same pictures
give the same bytes."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy
import onnx.utils
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image

OPERATORS = ["Conv", "Add", "MaxPool", "Relu", "Clip", "AveragePool", "GlobalAveragePool", "Concat"]


def tensor(path: Path, layout: str, side: int) -> numpy.ndarray:
    """As the candidate wants it: R G B from 0 to 255, or for OpenNSFW B G R less the mean of its training set."""
    image = Image.open(path).convert("RGB")
    if layout == "opennsfw":
        image = image.resize((256, 256), Image.Resampling.BILINEAR).crop((16, 16, 240, 240))
        return (numpy.asarray(image, "float32")[..., ::-1] - numpy.array([104, 117, 123], "float32"))[None]
    return numpy.asarray(image.resize((side, side), Image.Resampling.BILINEAR), "float32")[None]


class Pictures(CalibrationDataReader):
    def __init__(self, folder: Path, name: str, layout: str, side: int):
        self.feeds = ({name: tensor(path, layout, side)} for path in sorted(folder.glob("*.png"))[::2])

    def get_next(self):
        return next(self.feeds, None)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("source"), parser.add_argument("out"), parser.add_argument("pictures", type=Path)
    parser.add_argument("--layout", choices=["nsfwjs", "opennsfw"], default="nsfwjs")
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folded, ready = os.path.join(work, "folded.onnx"), os.path.join(work, "ready.onnx")
        options = onnxruntime.SessionOptions()  # weights stored as uint8 become float constants first
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        options.optimized_model_filepath = folded
        session = onnxruntime.InferenceSession(flags.source, options, providers=["CPUExecutionProvider"])
        port = session.get_inputs()[0]
        onnx.utils.extract_model(folded, folded, [port.name], [session.get_outputs()[0].name], check_model=False)
        quant_pre_process(folded, ready, skip_symbolic_shape=True)
        quantize_static(
            ready, flags.out, Pictures(flags.pictures, port.name, flags.layout, port.shape[1]),
            quant_format=QuantFormat.QOperator, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
            per_channel=True, reduce_range=True, calibrate_method=CalibrationMethod.MinMax,
            op_types_to_quantize=OPERATORS,
        )
    print(os.path.getsize(flags.out), file=sys.stderr)


main()
