"""What is given damaged files: the readers of everything that may come from strangers, and the commands behind them."""

import gzip
import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
from hypothesis.strategies import SearchStrategy, one_of
from PIL import Image, features
from safetensors.numpy import save as save_tensors

from benchmarks.fuzzing import commands
from benchmarks.fuzzing.crafting import crafted
from benchmarks.fuzzing.mutation import mutants
from nnfang import data, exports, images
from nnfang.config import sources as config
from nnfang.core.constraints import FieldError
from nnfang.core.optimizers import Adam
from nnfang.data import Dataset
from nnfang.data.formats.idx import read_idx
from nnfang.errors import CheckpointError, ConfigError, DataError, PictureError
from nnfang.exports.importing import import_weights
from nnfang.exports.weights import open_weights
from nnfang.runs import checkpoint
from nnfang.runs.checkpoint import Checkpoint
from nnfang.runs.meta import StartRecord
from nnfang.training.recipe import Recipe
from tests.runs.test_checkpoint import LAYERS, make

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Target:
    """A reader of files.

    Attributes:
        read: Reads the file at a path.
        refusal: All that it may raise.
        seeds: Valid files.
        words: What means something in their format.
        craft: Makes other files of the seeds than by changing some bytes.
    """

    read: Callable[[Path], object]
    refusal: type[Exception]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()
    craft: Callable[[tuple[bytes, ...]], SearchStrategy[bytes]] | None = None

    @property
    def files(self) -> SearchStrategy[bytes]:
        """The files to try."""
        damaged = mutants(self.seeds, self.words)
        return one_of(self.craft(self.seeds), damaged) if self.craft else damaged


def read_config(path: Path) -> str:
    """Load a config, and print it, as a run does."""
    return config.to_yaml(config.load(path, [], {}).recipe)


def read_picture(path: Path) -> object:
    """Read a picture and prepare it for a network that reads digits."""
    return images.load(path, (28, 28), "digit")


def make_configs() -> tuple[bytes, ...]:
    """The configs that come with nnfang, and one with all that YAML has."""
    shipped = sorted(ROOT.glob("configs/*.yaml"))
    rich = (
        b"%YAML 1.1\n---\n"
        b"layers:\n- &b {type: dense, units: 0x10}\n- <<: *b\n  activation: !!str 'relu'\n"
        b'- &l {type: dense, units: 1_0, activation: "soft\\x6dax"}\n'
        b"optimizer: {type: adam, learning_rate: 1e-3, beta1: .9, epsilon: 1:30.5}\n"
        b"schedule: {type: step, every: 3, drop: 0.5, warmup: 2}\nearly_stopping: ~\nshuffle: yes\n"
        b"dataset: |\n  a text\n...\n"
    )
    return (*(path.read_bytes() for path in shipped), rich)


def make_idx() -> tuple[bytes, ...]:
    """IDX files of one to three dimensions, plain and gzipped."""
    plain = []
    for shape in ((7,), (5, 3), (4, 3, 2)):
        header = b"\0\0\x08" + bytes([len(shape)]) + np.array(shape, ">u4").tobytes()
        plain.append(header + bytes(range(np.prod(shape))))
    return (*plain, *map(gzip.compress, plain), gzip.compress(plain[0][:5]) + gzip.compress(plain[0][5:]))


def make_npz() -> tuple[bytes, ...]:
    """Data sets as .npz, stored and compressed."""
    x, y = np.arange(6 * 4, dtype=np.uint8).reshape(6, 2, 2), np.arange(6) % 3
    files = []
    for save in (np.savez, np.savez_compressed):
        for images_ in (x, x / 255):
            file = io.BytesIO()
            save(file, x_train=images_, y_train=y, x_test=images_, y_test=y)
            files.append(file.getvalue())
    return tuple(files)


def read_csv(path: Path) -> object:
    """Read a table, first with its errors and then without the lines that are wrong."""
    named = path.with_name(f"{path.name}.csv")
    shutil.copy(path, named)
    try:
        return data.load(named)
    except DataError:
        data.load(named, on_unreadable=lambda _: None)
        raise


def make_csv() -> tuple[bytes, ...]:
    """Tables with and without names, with labels that are numbers and words, and gzipped."""
    numbers = b"".join(b"%d,%d,0,255,%d\n" % (i % 3, i, 7 * i) for i in range(20))
    words = b"label,1x1,1x2,2x1,2x2\r\n" + b'"a, b",1,2,3,4\r\nc;,0,0.0,0,9\r\n' * 6
    last = b"p0\tp1\tp2\tp3\tclass\n" + b"1\t2\t3\t4\tx\n5\t6\t7\t8\ty\n" * 6
    return (numbers, words, last, *map(gzip.compress, (numbers, words)))


def make_pictures() -> tuple[bytes, ...]:
    """A small digit in each format and mode that Pillow can write and read."""
    Image.init()
    digit = Image.fromarray(255 - data.load("mnist-sample").x_test[0])
    files = []
    for form in sorted(Image.SAVE.keys() & Image.OPEN.keys()):
        for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "F"):
            file = io.BytesIO()
            try:
                digit.convert("L" if mode == "I;16" else mode).convert(mode).save(file, form)
                images.load(io.BytesIO(file.getvalue()), (28, 28), "digit")
            except Exception:  # not every format has every mode, and not every Pillow every format
                continue
            files.append(file.getvalue())
    for options in ({"compression": "tiff_lzw"}, {"compression": "tiff_deflate"}, {"compression": "jpeg"}):
        if features.check("libtiff"):
            file = io.BytesIO()
            digit.save(file, "TIFF", **options)
            files.append(file.getvalue())
    for form in ("GIF", "PNG", "WEBP", "TIFF"):
        file = io.BytesIO()
        digit.save(file, form, save_all=True, append_images=[digit.rotate(90)])
        files.append(file.getvalue())
    return tuple(files)


def make_checkpoints() -> tuple[bytes, ...]:
    """Checkpoints of small networks, with and without a state of the optimizer, and those of earlier versions."""
    files = [path.read_bytes() for path in sorted(ROOT.glob("tests/runs/golden/*.npz"))]
    for optimizer in (Recipe().optimizer, Adam()):
        with TemporaryDirectory() as folder:
            path = Path(folder) / "seed.npz"
            network, meta, state = make(Recipe(layers=LAYERS, optimizer=optimizer))
            for start in (None, StartRecord("runs/first", "0123456789abcdef", new_layer=True)):
                checkpoint.save(path, network, msgspec.structs.replace(meta, start=start), state)
                files.append(path.read_bytes())
    return tuple(files)


FOUR, ANSWERS = np.zeros((4, 2, 2), np.uint8), np.array([0, 1, 0, 1], np.uint8)
WEIGHTS = Dataset("fuzzed", FOUR, ANSWERS, FOUR, ANSWERS, ("no", "yes"), "plain")
"""What weights are imported for; a network of `LAYERS` takes its images."""


def read_weights(path: Path, ending: str) -> None:
    """Import weights from a file with this ending."""
    named = path.with_name(f"{path.name}{ending}")
    shutil.copy(path, named)
    try:
        with open_weights(named) as weights:
            network = import_weights(weights, Recipe(layers=LAYERS), WEIGHTS).network
    except FieldError as error:
        raise CheckpointError(error.reason, named) from error
    assert np.isfinite(network.theta).all()


def make_arrays() -> dict[str, np.ndarray]:
    """Weights for a network of `LAYERS`, as PyTorch names them."""
    rng = np.random.default_rng(0)
    shapes = {"fc1.weight": (3, 4), "fc1.bias": (3,), "fc2.weight": (2, 3), "fc2.bias": (2,)}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def make_weights_npz() -> tuple[bytes, ...]:
    """Weights as Keras, scikit-learn and people save them."""
    arrays = [array.T for array in make_arrays().values()]
    files = []
    for names in (["arr_0", "arr_1", "arr_2", "arr_3"], ["coefs_0", "intercepts_0", "coefs_1", "intercepts_1"]):
        for save in (np.savez, np.savez_compressed):
            file = io.BytesIO()
            save(file, allow_pickle=False, **dict(zip(names, arrays, strict=True)))
            files.append(file.getvalue())
    return tuple(files)


def make_weights_safetensors() -> tuple[bytes, ...]:
    """Weights as PyTorch saves them, in three types, and as nnfang exports them."""
    arrays = make_arrays()
    network, meta, state = make(Recipe(layers=LAYERS))
    exported = Checkpoint(network, Recipe(layers=LAYERS), meta, state).for_inference()
    return (
        *(save_tensors({n: a.astype(dtype) for n, a in arrays.items()}) for dtype in ("f2", "f4", "f8")),
        exports.encode(exported, "safetensors", exports.Settings()),
    )


def make_command(read: Callable[[Path], object]) -> Target:
    """A command that is given checkpoints."""
    return Target(read, commands.RefusedError, commands.seeds(), craft=crafted)


CONFIG_WORDS = (
    *(b"&a ", b"*a", b"<<: ", b"!!python/object:os.system ", b"!!binary ", b"[", b"{", b"? ", b"- ", b"- - "),
    *(b": ", b"\n", b"'", b'"', b"|\n ", b"9" * 20, b"1e999", b".nan", b"0x", b"1:1:1", b"~", b"`"),
)
IDX_WORDS = (b"\x1f\x8b\x08", b"\0\0\x08\x03")
CSV_WORDS = (b",", b";", b"\t", b"\n", b"\r", b'"', b"label", b"256", b"-1", b"0.5", b"nan", b"9" * 20, b"\xef\xbb\xbf")
NPZ_WORDS = (b"PK\x01\x02", b"PK\x05\x06", b"|O", b"(10", b"True")

LARGE = b"units: 2500"
"""In the config of a network that takes seconds to save."""

READERS: dict[str, Callable[[], Target]] = {
    "config": lambda: Target(
        read_config,
        ConfigError,
        make_configs(),
        CONFIG_WORDS,
    ),
    "idx": lambda: Target(read_idx, DataError, make_idx(), IDX_WORDS),
    "npz": lambda: Target(data.load, DataError, make_npz(), NPZ_WORDS),
    "csv": lambda: Target(read_csv, DataError, make_csv(), CSV_WORDS),
    "picture": lambda: Target(read_picture, PictureError, make_pictures()),
    "checkpoint": lambda: Target(
        checkpoint.load,
        CheckpointError,
        make_checkpoints(),
        (b"PK\x01\x02", b"PK\x05\x06", b"|O", b"(10", b"True", b"null", b"[", b"{", b"-1", b"1e99", b"\\u0000"),
        crafted,
    ),
    "weights-npz": lambda: Target(
        partial(read_weights, ending=".npz"), CheckpointError, make_weights_npz(), (*NPZ_WORDS, b"arr_", b"W1", b"b1")
    ),
    "weights-safetensors": lambda: Target(
        partial(read_weights, ending=".safetensors"),
        CheckpointError,
        make_weights_safetensors(),
        (b"F32", b"F64", b"BF16", b"I8", b"[", b"-1", b"1e99", b'"', b"__metadata__", b"weight", b"bias", b"null"),
    ),
}

COMMANDS: dict[str, Callable[[], Target]] = {
    **{
        read.__name__: partial(make_command, read)
        for read in (
            *(commands.predict, commands.evaluate, commands.export, commands.verify, commands.resume),
            commands.train_from,
        )
    },
    "claims": lambda: Target(
        commands.read_claims, commands.RefusedError, commands.claims(), (b"null", b"[", b"{", b"-1", b"1e99", b"9" * 40)
    ),
    "classify": lambda: Target(commands.classify, commands.RefusedError, make_pictures()),
    "train-with-config": lambda: Target(
        commands.train_with,
        commands.RefusedError,
        tuple(content for content in make_configs() if LARGE not in content),
        CONFIG_WORDS,
    ),
    "train-on-npz": lambda: Target(commands.train_on_arrays, commands.RefusedError, commands.make_arrays(), NPZ_WORDS),
    "check-npz": lambda: Target(partial(commands.check, ending=".npz"), commands.RefusedError, make_npz(), NPZ_WORDS),
    "check-csv": lambda: Target(partial(commands.check, ending=".csv"), commands.RefusedError, make_csv(), CSV_WORDS),
    "train-on-idx": lambda: Target(commands.train_on_idx, commands.RefusedError, commands.make_idx(), IDX_WORDS),
}

TARGETS = READERS | COMMANDS
