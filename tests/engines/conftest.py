"""Engines run the maths, and are held to the same manners."""

from tests.core.conftest import loud_arithmetic

__all__ = ["loud_arithmetic"]
