"""The network that comes with nnfang."""

from pathlib import Path

BUNDLED = "bundled"
"""Its name where a model can be named; a file of that name is ./bundled."""

NETWORK = Path(__file__).parent / "networks" / "digits.npz"
"""Its file, which `make network` creates."""
