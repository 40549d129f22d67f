"""Lets PyTorch say what a picture shows: python torch_program.py digits.safetensors digit.png."""

import json
import sys

import numpy as np
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

BATCH = 512


class Model:
    """The network as `torch.nn.Sequential`, on one thread."""

    def __init__(self, file: str) -> None:
        torch.set_num_threads(1)
        with safe_open(file, "pt") as content:
            modules = json.loads(content.metadata()["modules"])
        layers = (getattr(torch.nn, name)(**arguments) for name, arguments in modules)
        self.network = torch.nn.Sequential(*layers).eval()
        self.network.load_state_dict(load_file(file), assign=True)

    def classify(self, images: np.ndarray) -> np.ndarray:
        """Bytes (m, 28, 28) -> classes (m,)."""
        with torch.inference_mode():
            blocks = torch.from_numpy(images).flatten(1).split(BATCH)
            labels: np.ndarray = torch.cat([self.network(block.float() / 255).argmax(1) for block in blocks]).numpy()
            return labels


if __name__ == "__main__":
    print(*Model(sys.argv[1]).classify(np.array(Image.open(sys.argv[2]))[None]))
