"""Data sets by name: those of the registry, and the sample that comes with nnfang."""

from contextlib import ExitStack
from importlib.resources import as_file, files

from nnfang.data.cache import fetch, is_complete
from nnfang.data.dataset import Dataset
from nnfang.data.formats.idx import IDX_NAMES, read_idx_files
from nnfang.data.progress import MakeProgress
from nnfang.data.registry import DATASETS, MNIST, SAMPLE, KnownDataset

KNOWN = (*DATASETS, SAMPLE)
"""The names that `load` knows."""


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
    folder = files("nnfang.data") / "sample"
    with ExitStack() as stack:
        paths = [stack.enter_context(as_file(folder / f"{name}.gz")) for name in IDX_NAMES]
        arrays = read_idx_files(paths)
    return Dataset(SAMPLE, *arrays, MNIST.class_names, MNIST.preparation, source="bundled with nnfang")


def find_available() -> list[str]:
    """The names of the data sets that need no download: those complete in the cache, and the sample."""
    return [*(name for name, known in DATASETS.items() if is_complete(known)), SAMPLE]
