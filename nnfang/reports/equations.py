"""The equations by which a network was trained, written out; the numbers are those of the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnfang.config.schema import to_tree
from nnfang.core.layers import Dense, Dropout
from nnfang.core.network import output_layer

if TYPE_CHECKING:
    from nnfang.training.recipe import Recipe

ACTIVATIONS = {
    "relu": "a = max(z, 0)",
    "leaky_relu": "a = max(z, z/100)",
    "sigmoid": "a = 1 / (1 + e⁻ᶻ)",
    "tanh": "a = tanh z",
    "gelu": "a = z / (1 + e⁻ᵘ), u = 2√(2/π) (z + 0.044715 z³)",
    "linear": "a = z",
    "softmax": "ŷᵢ = exp zᵢ / Σₖ exp zₖ  (eq. 7)",
}

LOSSES = {
    "categorical_crossentropy": "L = −Σ yᵢ log ŷᵢ  (eq. 3)",
    "mean_squared_error": "L = Σ (ŷᵢ − yᵢ)² / n",
}

OPTIMIZERS = {
    "sgd": "θ := θ − α g  (eq. 44, 45)",
    "momentum": "v := μ v + g,  θ := θ − α v",
    "rmsprop": "v := ρ v + (1 − ρ) g²,  θ := θ − α g / (√v + ε)",
    "adam": "m := β₁ m + (1 − β₁) g,  v := β₂ v + (1 − β₂) g²,  θ := θ − α m̂ / (√v̂ + ε)",
    "adamw": "m := β₁ m + (1 − β₁) g,  v := β₂ v + (1 − β₂) g²,  θ := θ − α (m̂ / (√v̂ + ε) + λ θ)",
}

NESTEROV = "v := μ v + g,  θ := θ − α (g + μ v)"

LETTERS = {
    "learning_rate": "α",
    "momentum": "μ",
    "decay": "ρ",
    "beta1": "β₁",
    "beta2": "β₂",
    "epsilon": "ε",
    "weight_decay": "λ",
}
"""Setting of an optimizer -> its letter."""


def list_equations(recipe: Recipe) -> list[tuple[str, str]]:
    """What each equation says, and the equation, from the inputs to the update."""
    activation = output_layer(recipe.layers).activation
    is_fused = (activation, recipe.loss) == ("softmax", "categorical_crossentropy")
    rows = [("each dense layer", "z = W a + b, with a of the layer before  (eq. 1, 2)")]
    if any(isinstance(layer, Dropout) for layer in recipe.layers):
        rows.append(("dropout, while training", "a := a / (1 − rate), or 0 with probability rate"))
    dense = [layer for layer in recipe.layers if isinstance(layer, Dense)]
    rows += [(name, ACTIVATIONS[name]) for name in dict.fromkeys(layer.activation for layer in dense)]
    rows += [
        ("loss", LOSSES[recipe.loss]),
        ("error of the outputs", "δ = ŷ − y  (eq. 32)" if is_fused else "δⱼ = Σᵢ ∂L/∂ŷᵢ ∂ŷᵢ/∂zⱼ  (eq. 6)"),
    ]
    if len(dense) > 1:
        rows.append(("... of a hidden layer", "δ = Q′(z) ⊙ Wᵀ δ, with W and δ of the layer after  (eq. 38)"))
    rows += [
        ("gradient", "∂L/∂W = δ aᵀ, ∂L/∂b = δ  (eq. 39, 40)"),
        ("update", _update(recipe)),
        ("where", ", ".join(_constants(recipe))),
    ]
    return [(name, equation.replace("(eq. ", "(eq.\N{NO-BREAK SPACE}")) for name, equation in rows]


def _update(recipe: Recipe) -> str:
    tree = to_tree(recipe.optimizer)
    return NESTEROV if tree.get("nesterov") else OPTIMIZERS[tree["type"]]


def _constants(recipe: Recipe) -> list[str]:
    tree = to_tree(recipe.optimizer)
    known = [f"{letter} = {tree[name]:g}" for name, letter in LETTERS.items() if tree.get(name)]
    decays = tree["type"] != "adamw" and tree["weight_decay"]
    mean = "g = ∂L/∂θ" if recipe.batch_size == 1 else f"g the mean of ∂L/∂θ over {recipe.batch_size:,} images"
    return [f"{mean} + λ θ" if decays else mean, *known]
