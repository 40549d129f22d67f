"""Images a second from memory, and pictures a second from files."""

from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from PIL import Image

import nnfang
from benchmarks import images, tables
from nnfang.machine.timing import take_turns

PICTURES = 200


def run(rounds: int, plots: Path | None) -> None:
    """Print the table."""
    data, recipe = images.load(), nnfang.Recipe()
    network = nnfang.Network.initialize(recipe.layers, inputs=784)
    with TemporaryDirectory() as folder:
        for i in range(PICTURES):
            photo = Image.fromarray(255 - data.x_test[i]).resize((640, 480), Image.Resampling.BICUBIC)
            photo.save(Path(folder) / f"{i:03}.jpg")
        small = Path(folder) / "small"
        small.mkdir()
        for i in range(PICTURES):
            Image.fromarray(data.x_test[i]).save(small / f"{i:03}.png")
        runs = {
            "evaluation, images in memory": (
                len(data.x_test),
                lambda: nnfang.evaluate(network, recipe.loss, data.x_test, data.y_test),
            ),
            "prediction, images in memory": (len(data.x_test), lambda: network.predict(data.x_test)),
            "prediction, PNG of 28x28": (PICTURES, lambda: _predict(network, small)),
            "prediction, JPEG of 640x480": (PICTURES, lambda: _predict(network, Path(folder))),
        }
        times = take_turns({name: work for name, (_, work) in runs.items()}, rounds)
    rows = [[name, f"{count / median(times[name]):,.0f}"] for name, (count, _) in runs.items()]
    tables.show(["", "a second"], rows)


def _predict(network: nnfang.Network, folder: Path) -> None:
    from nnfang import images as pictures

    for path in sorted(folder.glob("*.*g")):
        network.predict(pictures.load(path, (28, 28), "digit")[None])
