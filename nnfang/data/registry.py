"""The data sets that have names. To add one that can be downloaded, add an entry to DATASETS."""

import re
from dataclasses import dataclass

from nnfang.data.formats.idx import IDX_NAMES


@dataclass(frozen=True)
class KnownFile:
    """What verifies a file.

    Attributes:
        size: In bytes, so that a mirror that sends more can be cut off.
        sha256: In hex.
    """

    size: int
    sha256: str


@dataclass(frozen=True)
class KnownDataset:
    """Where a data set can be downloaded, and what verifies it.

    Attributes:
        name: What users call it; also the name of its folder in the cache and on a mirror.
        files: Each file by its name, in the order x_train, y_train, x_test, y_test.
        mirrors: Base URLs that serve the files. A mirror need not be trusted, since every file is verified.
        class_names: What each label stands for.
        preparation: The name of a preparation of nnfang.images, as in `Dataset`.
        citation: Who created it, and the terms on which it may be used.
        images: How many are for training, and how many for the test.
        description: What is on them, in a few words.
    """

    name: str
    files: dict[str, KnownFile]
    mirrors: tuple[str, ...]
    class_names: tuple[str, ...]
    preparation: str
    citation: str
    images: tuple[int, int]
    description: str

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files.values())


def name_files(*files: KnownFile) -> dict[str, KnownFile]:
    """Map the official names to four files: training images and labels, test images and labels."""
    return {f"{name}.gz": file for name, file in zip(IDX_NAMES, files, strict=True)}


MNIST = KnownDataset(
    name="mnist",
    files=name_files(
        KnownFile(9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        KnownFile(28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        KnownFile(1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        KnownFile(4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    class_names=("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
    preparation="digit",
    citation="Y. LeCun, C. Cortes, C. J. C. Burges: The MNIST database of handwritten digits. CC BY-SA 3.0.",
    images=(60_000, 10_000),
    description="handwritten digits",
)

FASHION_MNIST = KnownDataset(
    name="fashion-mnist",
    files=name_files(
        KnownFile(26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        KnownFile(29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        KnownFile(4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        KnownFile(5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ),
    mirrors=(
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    ),
    class_names=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    preparation="negative",
    citation="H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST, arXiv:1708.07747, 2017. MIT licence.",
    images=(60_000, 10_000),
    description="ten kinds of clothing",
)

KMNIST = KnownDataset(
    name="kmnist",
    files=name_files(
        KnownFile(18_165_135, "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"),
        KnownFile(29_497, "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"),
        KnownFile(3_041_136, "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"),
        KnownFile(5_120, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"),
    ),
    mirrors=("https://codh.rois.ac.jp/kmnist/dataset/kmnist/",),  # the only host known to serve these files
    class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    preparation="negative",
    citation="T. Clanuwat et al.: Deep Learning for Classical Japanese Literature, arXiv:1812.01718, 2018. "
    'The "KMNIST Dataset" (created by CODH), adapted from the "Kuzushiji Dataset" (created by NIJL and others), '
    "doi:10.20676/00000341. CC BY-SA 4.0.",
    images=(60_000, 10_000),
    description="ten characters of cursive Japanese",
)

DATASETS = {known.name: known for known in (MNIST, FASHION_MNIST, KMNIST)}
"""The data sets that can be downloaded, by name."""

SAMPLE = "mnist-sample"
"""The name of the data set that comes with nnfang: a sixth of MNIST, which needs no network."""


def hide_password(url: str) -> str:
    """A URL without the user and the password in it."""
    return re.sub(r"^(\w+://)?.*@", r"\1", url, flags=re.DOTALL)
