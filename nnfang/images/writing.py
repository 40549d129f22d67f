"""What a network sees -> a file that a person can look at."""

from pathlib import Path

from nnfang.images.reading import Grey


def save_image(path: Path, image: Grey) -> None:
    """Write an image (h, w) as PNG.

    Raises:
        OSError: it cannot be written.
    """
    from PIL import Image

    with path.open("wb") as file:
        Image.fromarray(image).save(file, "PNG")
