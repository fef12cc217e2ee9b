"""Masks of every kind for any network."""

import numpy as np


def random_masks(model, seed=0):
    """Masks of every kind, by name."""
    rng, layout = np.random.default_rng(seed), model.layout
    p = model.n_params
    masks = {f"{share:.0%} at random": rng.random(p) >= share for share in (0.1, 0.5, 0.9)}
    masks |= {"nothing frozen": np.ones(p, bool), "all frozen": np.zeros(p, bool)}
    masks["one live"] = np.arange(p) == rng.integers(p)
    for layer in range(1, layout.n_layers + 1):
        masks[f"only layer {layer} live"] = layout.layer == layer
        masks[f"only layer {layer} frozen"] = layout.layer != layer
        few = rng.permutation(layout.sizes[layer])[: 1 + layout.sizes[layer] // 10]
        masks[f"few units of layer {layer} live"] = (layout.layer == layer) & np.isin(layout.unit, few)
        masks[f"few units of layer {layer} frozen"] = ~masks[f"few units of layer {layer} live"]
    masks["few features live"] = (layout.layer == 1) & (layout.input >= 0) & (layout.input < 2)
    masks["only biases live"] = layout.input < 0
    return masks
