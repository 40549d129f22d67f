"""Everything that determines a training run, as one value. The defaults are the paper's experiment."""

from dataclasses import dataclass
from typing import Annotated

from nnfang.core.constraints import Bounds, Count, FieldError, Fraction, OneOf, Positive, check_fields
from nnfang.core.layers import Dense, Layer
from nnfang.core.losses import LOSSES, output_loss
from nnfang.core.network import check_order, output_layer
from nnfang.core.optimizers import Optimizer, Sgd
from nnfang.core.schedules import Constant, Schedule
from nnfang.engines import ENGINES
from nnfang.training.augment import Augment

PAPER_LAYERS = (Dense(128, "relu"), Dense(64, "relu"), Dense(10, "softmax"))

PAPER_OPTIMIZER = Sgd(learning_rate=0.01)
NO_SCHEDULE = Constant()


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when a validation metric has not become better for some epochs.

    Attributes:
        patience: Epochs in a row without a better value after which training stops.
        metric: What has to improve, and decides which epoch is the best: val_loss by falling, or val_accuracy by
            rising; null means val_accuracy, and where that is equal val_loss.
    """

    patience: Count = 5
    metric: Annotated[str, OneOf(("val_loss", "val_accuracy"))] | None = None

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True)
class CheckpointEvery:
    """When to save within an epoch, so that little is lost; after each epoch it is saved anyway. The first due counts.

    Attributes:
        seconds: Seconds since the last save.
        steps: Steps since the last save; null means that steps do not count.
    """

    seconds: Positive = 60.0
    steps: Count | None = None

    def __post_init__(self) -> None:
        check_fields(self)


MINUTELY = CheckpointEvery()


@dataclass(frozen=True)
class Recipe:
    """A training run: data, network, and how it is trained.

    Attributes:
        dataset: A known name, such as mnist, or the path of a data set.
        layers: The layers, from the first hidden layer to the output layer, which has one unit per class.
        loss: What is minimised.
        optimizer: How the gradient changes the weights.
        schedule: How the learning rate changes over the epochs.
        batch_size: Images per step.
        epochs: Passes over the training images.
        validation_split: Fraction of the training images that is not trained on, but used to choose the best epoch.
        early_stopping: When to stop before the last epoch; null trains through all epochs.
        checkpoint_every: How often to save within an epoch.
        on_divergence: When training diverges, stop, or retry from the last good state with a third of the learning
            rate, at most three times.
        augment: How much the training images are distorted, differently in each epoch; null distorts nothing.
        shuffle: Whether each epoch takes the images in a new order.
        limit: Use only the first N training images; null uses all.
        seed: Seed of the initial weights, the split, the order of the images, the distortions and the dropout masks.
        dtype: Floating-point type of all numbers in the network.
        engine: How the maths is run; auto is the fastest engine that can run this recipe exactly.

    Raises:
        FieldError: A field is out of its bounds, or two fields contradict each other.
    """

    dataset: str = "mnist"
    layers: tuple[Layer, ...] = PAPER_LAYERS
    loss: Annotated[str, OneOf(LOSSES)] = "categorical_crossentropy"
    optimizer: Optimizer = PAPER_OPTIMIZER
    schedule: Schedule = NO_SCHEDULE
    batch_size: Count = 1
    epochs: Annotated[int, Bounds(ge=0)] = 20
    validation_split: Fraction = 0.1
    early_stopping: EarlyStopping | None = None
    checkpoint_every: CheckpointEvery = MINUTELY
    on_divergence: Annotated[str, OneOf(("stop", "retry"))] = "stop"
    augment: Augment | None = None
    shuffle: bool = True
    limit: Count | None = None
    seed: Annotated[int, Bounds(ge=0)] = 0
    dtype: Annotated[str, OneOf(("float32", "float64"))] = "float32"
    engine: Annotated[str, OneOf(("auto", *ENGINES))] = "auto"

    def __post_init__(self) -> None:
        check_fields(self)
        check_order(self.layers)
        try:
            output_loss(output_layer(self.layers).activation, self.loss)
        except FieldError as error:
            raise FieldError(f"layers[{len(self.layers) - 1}].activation", error.reason) from error
        if self.early_stopping and not self.validation_split:
            raise FieldError("early_stopping", "there are no validation images to watch, because validation_split is 0")
