"""The data set that comes with nnfang: a sixth of MNIST, for which no network is needed."""

from contextlib import ExitStack
from importlib.resources import as_file, files

from nnfang.data.dataset import Dataset
from nnfang.data.idx import IDX_NAMES, read_idx_files
from nnfang.data.registry import MNIST

SAMPLE = "mnist-sample"


def load_sample() -> Dataset:
    """Read 10,000 training and 2,000 test images of MNIST; sample/LICENSE.md says which and on what terms.

    Raises:
        DataError: the installation is damaged.
    """
    folder = files("nnfang.data") / "sample"
    with ExitStack() as stack:
        paths = [stack.enter_context(as_file(folder / f"{name}.gz")) for name in IDX_NAMES]
        x_train, y_train, x_test, y_test = read_idx_files(paths)
    return Dataset(
        SAMPLE, x_train, y_train, x_test, y_test, MNIST.class_names, MNIST.preparation, source="bundled with nnfang"
    )
