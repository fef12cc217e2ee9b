"""Experiment complexity small enough for tests: one to run, and outcomes put together from numbers."""

import numpy as np

from minimal_order.experiments.complexity.config import ComplexityConfig
from minimal_order.experiments.complexity.models import MODELS
from minimal_order.experiments.complexity.outcome import ComplexityOutcome
from minimal_order.experiments.complexity.parts import kinds_of

TINY = {
    "dataset": "digits",
    "runs": 2,
    "lams": (0.01, 1.0, 100.0),
    "levels": (0.0, 0.5, 0.8, 1.0),
    "epochs": 2,
    "hyper_epochs": 2,
    "knots": 3,
    "validation": 50,
    "objects": 250,
    "samples": 1,
    "repeats": 1,
}


def tiny(**changes):
    return ComplexityConfig(**TINY | changes)


def made(shift, steps_of_hyper=2):
    """An outcome of three starts: accuracy of the direct networks, and that of the others shifted."""
    config = tiny(runs=3)
    rng = np.random.default_rng(0)
    accuracy, history, looks = {}, {}, {}
    for name, spec in MODELS.items():
        base = {"variational": 0.9, "reparameterised": 0.85, "base": 0.5}[spec.family]
        level = np.array([0.95, 0.945, base, 0.1]) + (shift if spec.is_hypernet else 0)
        accuracy[name] = level + 1e-4 * rng.standard_normal((3, 2, 3, 4))
        history[name] = np.tile([[0.2], [0.95]], (3, 1, 3)) + (shift if spec.is_hypernet else 0)
        looks[name] = np.array([1, steps_of_hyper if spec.is_hypernet else 40])
    terms = {name: np.ones((3, 3, 3)) for name in MODELS}
    w = dict.fromkeys(MODELS, np.zeros(1))
    return ComplexityOutcome(config, accuracy, terms, looks, history, w, dict.fromkeys(kinds_of(config), 1.0))
