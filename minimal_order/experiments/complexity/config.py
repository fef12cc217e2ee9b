"""What a complexity experiment is told: every setting with its default, checked before any work is done."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...checks import check, check_name
from ...complexity.hypernet import SCALES, Hypernet
from ...complexity.objectives import FAMILIES, Family
from ...freezing.selection import GROUPINGS
from ...networks.models import MLP
from ...training.optim import StepRule, adam, clipped
from ...variational.gaussian import Normal
from ...variational.sampling import SAMPLINGS
from ..configuration import OWN, check_levels, check_wholes, complete, options_of, without_repeats
from .models import LAMS, LEVELS, MODELS, PIXELS, SETTINGS


@dataclass(frozen=True)
class ComplexityConfig:
    """One complexity experiment; the results depend on this and on nothing else, ``folder`` left aside.

    The authors' settings, but for these: mini-batches are shuffled; lam is chosen on a part of the training objects
    held out for it, and that part is not trained on; Adam steps by .001 instead of .0005; and pixels are in [0, 1]
    instead of [-1, 1]. In 25 epochs of .0005 ln sigma cannot move by more than 2.7, and the penalty on most weights
    asks for more. And a pixel that is always black should be 0: at -1 its weights are one more bias, whose noise the
    network has to keep small, and which it misses when they are removed. Both were the better ones on MNIST: accuracy
    of the variational network held out, best lam, mean over 50, 80 and 90 % removed.

    Parameters
    ----------
    dataset : a name in ``SETTINGS``
    models : names in ``MODELS``
    runs : independent starts, each with its own initial parameters, batches, noise and lam; this, like ``epochs``,
        ``hyper_epochs``, ``batch_size`` and ``validation``, is the data set's if None
    lams : where networks are looked at, and for which the direct ones are trained; the ends are a hypernetwork's range
    levels : shares of the weights removed
    epochs, hyper_epochs : of the direct networks, and of the hypernetworks
    batch_size, rate, clip : of the training by Adam; gradients are cut off at +-clip, 0 for not at all
    knots : of the piecewise linear map: how many, spread evenly, or the lam themselves
    scale : "log", or "raw" for maps that are linear in lam itself
    draws : how many lam a mini-batch of a hypernetwork sees
    sampling : "local" or "weights"
    log_sigma : ln sigma at the start
    prior_mean, prior_std : of every weight
    per, biases : from what a share is taken, "tensor" or "network"; whether biases can be removed
    pixels : "unit" or "symmetric", features in [0, 1] or [-1, 1]
    validation : training objects held out to choose lam
    objects : how many training objects to take, those held out included; 0 for all
    samples : draws of the weights in the estimate of E log p(D | w)
    repeats : how many times the seconds of a step are measured
    seed, dtype : of everything random, and of all arithmetic
    folder : of the official files of cifar10; "" to have them downloaded

    Raises
    ------
    ValueError : naming argument, value and expectation.
    """

    dataset: str
    models: tuple[str, ...] = tuple(MODELS)
    runs: int = OWN
    lams: tuple[float, ...] = LAMS
    levels: tuple[float, ...] = LEVELS
    epochs: int = OWN
    hyper_epochs: int = OWN
    batch_size: int = OWN
    rate: float = 1e-3
    clip: float = 1.0
    knots: int | tuple[float, ...] = 6
    scale: str = "log"
    draws: int = 5
    sampling: str = "local"
    log_sigma: float = -3.0
    prior_mean: float = 0.0
    prior_std: float = 1.0
    per: str = "tensor"
    biases: bool = False
    pixels: str = "unit"
    validation: int = OWN
    objects: int = 0
    samples: int = 4
    repeats: int = 7
    seed: int = 0
    dtype: str = "float32"
    folder: str = ""

    def __post_init__(self) -> None:
        setting = SETTINGS[check_name("dataset", self.dataset, SETTINGS)]
        complete(self, setting, "runs", "epochs", "hyper_epochs", "batch_size", "validation")
        without_repeats(self, "models", "lams", "levels")
        self._check()

    def _check(self) -> None:
        whole = {"runs": 1, "epochs": 1, "hyper_epochs": 1, "batch_size": 2, "draws": 1, "validation": 1,
                 "objects": 0, "samples": 1, "repeats": 1, "seed": 0}  # fmt: skip
        check_wholes(self, whole)
        check(len(self.models) > 0, "models", self.models, "one or more")
        for name in self.models:
            check_name("models", name, MODELS)
        check(len(self.levels) > 0, "levels", self.levels, "one share or more")
        check_levels(self)
        good = len(self.lams) >= 2 and all(isinstance(lam, float | int) and 0 < lam < np.inf for lam in self.lams)
        check(good, "lams", self.lams, "two positive numbers or more")
        object.__setattr__(self, "lams", tuple(sorted(map(float, self.lams))))
        for name in ("rate", "prior_std"):
            value = getattr(self, name)
            check(isinstance(value, float | int) and 0 < value < np.inf, name, value, "a positive finite number")
        for name in ("log_sigma", "prior_mean"):
            value = getattr(self, name)
            check(isinstance(value, float | int) and bool(np.isfinite(value)), name, value, "a finite number")
        check(isinstance(self.clip, float | int) and 0 <= self.clip < np.inf, "clip", self.clip, "0 or more")
        check_name("sampling", self.sampling, SAMPLINGS)
        check_name("scale", self.scale, SCALES)
        check_name("per", self.per, GROUPINGS)
        check_name("pixels", self.pixels, PIXELS)
        check(isinstance(self.biases, bool), "biases", self.biases, "True or False")
        check_name("dtype", self.dtype, ("float32", "float64"))
        self.hypernet("piecewise")

    @property
    def model(self) -> MLP:
        """The network."""
        return SETTINGS[self.dataset].model()

    @property
    def rule(self) -> StepRule:
        """The step rule."""
        return clipped(adam(self.rate), self.clip) if self.clip else adam(self.rate)

    @property
    def prior(self) -> Normal:
        """The prior."""
        return Normal(self.prior_mean, self.prior_std)

    def family(self, name: str) -> Family:
        """What one of the models is trained for."""
        return FAMILIES[MODELS[name].family]

    def hypernet(self, kind: str) -> Hypernet:
        """A map of the given kind over the range of lam."""
        return Hypernet(kind, self.lams[0], self.lams[-1], self.knots, self.scale)

    def epochs_of(self, name: str) -> int:
        """How many epochs a model is trained."""
        return self.hyper_epochs if MODELS[name].is_hypernet else self.epochs

    def as_dict(self) -> dict[str, Any]:
        """All settings as plain values but where the data are."""
        return {name: value for name, value in asdict(self).items() if name != "folder"}

    def command(self) -> str:
        """The command that makes these results, without where to put them and how many processes to use."""
        options = options_of(self, ComplexityConfig(self.dataset), "dataset", "biases", "folder")
        folder = ["--folder", str(Path(self.folder))] if self.folder else []
        return " ".join(["minimal-order complexity", self.dataset, *options, *["--biases"] * self.biases, *folder])
