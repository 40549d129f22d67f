"""Lets onnxruntime say what a picture shows: python onnx_program.py digits.onnx digit.png."""

import sys

import numpy as np
import onnxruntime
from PIL import Image

BATCH = 512


class Model:
    """A session of one thread."""

    def __init__(self, file: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    def classify(self, images: np.ndarray) -> np.ndarray:
        """Bytes (m, 28, 28) -> classes (m,)."""
        blocks = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
        return np.concatenate([self.session.run(["label"], {"images": block})[0] for block in blocks])


if __name__ == "__main__":
    print(*Model(sys.argv[1]).classify(np.asarray(Image.open(sys.argv[2]))[None]))
