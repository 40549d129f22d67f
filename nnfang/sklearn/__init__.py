"""nnfang as a classifier of scikit-learn: the extra ``sklearn``.

from nnfang.sklearn import NnfangClassifier, load

classifier = NnfangClassifier((128, 64), random_state=0).fit(X, y)
classifier.predict(X)
classifier.save("digits.npz")
load("runs/first").predict_proba(X)
"""

try:
    import sklearn as _sklearn  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "sklearn":
        raise
    message = "nnfang.sklearn needs scikit-learn: pip install 'nnfang[sklearn]'"
    raise ModuleNotFoundError(message, name="sklearn") from error

from nnfang.sklearn.classifier import NnfangClassifier
from nnfang.sklearn.loading import load

__all__ = ["NnfangClassifier", "load"]
