"""Data sets by name: those of the registry, and the sample that comes with nnfang."""

from contextlib import ExitStack
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from nnfang.data.cache import fetch, find_cache, is_complete
from nnfang.data.dataset import Dataset
from nnfang.data.formats.idx import IDX_NAMES, read_idx_files
from nnfang.data.progress import MakeProgress
from nnfang.data.registry import DATASETS, MNIST, SAMPLE, KnownDataset
from nnfang.errors import DataError
from nnfang.names import nearest

KNOWN = (*DATASETS, SAMPLE)
"""The names that `load` knows."""

BUNDLED = files("nnfang.data") / "sample"


@dataclass(frozen=True)
class Listing:
    """What is known of a data set before it is loaded.

    Attributes:
        name: What users call it.
        images: How many are for training, and how many for the test.
        class_names: What each label stands for.
        size: Of its files, in bytes.
        is_here: Whether it can be loaded without a download.
        folder: Where its files are, or will be.
        description: What is on the images, in a few words.
        citation: Who created it, and the terms on which it may be used.
    """

    name: str
    images: tuple[int, int]
    class_names: tuple[str, ...]
    size: int
    is_here: bool
    folder: Path
    description: str
    citation: str


def load_known(known: KnownDataset, *, offline: bool = False, progress: MakeProgress | None = None) -> Dataset:
    """Load a data set of the registry, downloading what the cache lacks.

    Raises:
        DataError: As `fetch` and `read_idx_files`.
        ConfigError: As `fetch`.
    """
    folder = fetch(known, offline=offline, progress=progress)
    arrays = read_idx_files(folder / file for file in known.files)
    return Dataset(known.name, *arrays, known.class_names, known.preparation, source=str(folder))


def load_sample() -> Dataset:
    """Load 10,000 training and 2,000 test images of MNIST; sample/LICENSE.md says which and on what terms.

    Raises:
        DataError: The installation is damaged.
    """
    with ExitStack() as stack:
        paths = [stack.enter_context(as_file(BUNDLED / f"{name}.gz")) for name in IDX_NAMES]
        arrays = read_idx_files(paths)
    return Dataset(SAMPLE, *arrays, MNIST.class_names, MNIST.preparation, source="bundled with nnfang")


def find_available() -> list[str]:
    """The names of the data sets that need no download: those complete in the cache, and the sample."""
    return [*(name for name, known in DATASETS.items() if is_complete(known)), SAMPLE]


def list_known() -> list[Listing]:
    """All data sets that have names; the files in the cache are verified."""
    listings = [
        Listing(
            *(known.name, known.images, known.class_names, known.size, is_complete(known), find_folder(known.name)),
            description=known.description,
            citation=known.citation,
        )
        for known in DATASETS.values()
    ]
    size = sum(len((BUNDLED / f"{name}.gz").read_bytes()) for name in IDX_NAMES)
    sample = Listing(
        *(SAMPLE, (10_000, 2_000), MNIST.class_names, size, True, find_folder(SAMPLE)),
        description="a sixth of mnist, which comes with nnfang",
        citation=MNIST.citation,
    )
    return [*listings, sample]


def find_folder(name: str) -> Path:
    """The folder for the files of a data set, whether they are there or not.

    Raises:
        DataError: No data set has this name.
    """
    if name not in KNOWN:
        raise DataError(f"no data set has this name.{nearest(name, KNOWN)}\nKnown: {', '.join(KNOWN)}.", name)
    return Path(str(BUNDLED)) if name == SAMPLE else find_cache() / name


def fetch_known(name: str, *, offline: bool = False, progress: MakeProgress | None = None) -> Path:
    """Make sure that a data set can be loaded without a download, and give the folder of its files.

    Raises:
        DataError: No data set has this name; or as `nnfang.data.cache.fetch`.
        ConfigError: As `fetch`.
    """
    folder = find_folder(name)
    return folder if name == SAMPLE else fetch(DATASETS[name], offline=offline, progress=progress)
