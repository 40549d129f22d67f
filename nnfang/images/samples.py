"""Pictures that come with nnfang, to try it with."""

from dataclasses import dataclass
from pathlib import Path

from nnfang.errors import PictureError

PREFIX = "sample:"
"""What marks the name of a sample where a path is expected; a file with such a name is ./sample:7."""

FOLDER = Path(__file__).parent / "samples"


@dataclass(frozen=True)
class SamplePicture:
    """A picture that comes with nnfang: its file, and what it shows."""

    file: str
    description: str


SAMPLES = {
    "0": SamplePicture("0.jpg", "photo in uneven light"),
    "1": SamplePicture("1.jpg", "on lined paper"),
    "2": SamplePicture("2.jpg", "chalk on a board"),
    "3": SamplePicture("3.jpg", "on squared paper"),
    "4": SamplePicture("4.png", "without a background"),
    "5": SamplePicture("5.png", "pen on white"),
    "6": SamplePicture("6.jpg", "pen on coloured paper"),
    "7": SamplePicture("7.jpg", "photo lying on its side, as EXIF says"),
    "8": SamplePicture("8.jpg", "thick marker"),
    "9": SamplePicture("9.jpg", "thin pencil"),
}


def find_sample(name: str) -> Path:
    """The file of a sample.

    Args:
        name: The prefix and the key, such as ``sample:7``.

    Raises:
        PictureError: There is no such sample.
    """
    key = name.removeprefix(PREFIX)
    if key not in SAMPLES:
        known = ", ".join(f"{PREFIX}{key}" for key in SAMPLES)
        raise PictureError(f"no such sample. Known: {known}", name)
    return FOLDER / SAMPLES[key].file
