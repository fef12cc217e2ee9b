"""What figures say in words, above all those of the freezing experiment: titles, captions, axis labels."""

from ..experiments.freeze.outcome import ALIGNED, Outcome
from ..networks.models import MLP

COVARIANCE, RANDOM = "gradient_covariance", "random"

NAMES = {
    "synthetic1": "Synthetic 1",
    "synthetic2": "Synthetic 2",
    "synthetic3": "Synthetic 3",
    "boston": "Boston Housing",
    "mnist": "MNIST",
}

FACTORS = {"data": "data", "split": "split", "init": "initial parameters", "batches": "batches"}

BANDS = "bands: ± standard deviation between runs; bars: 95 % intervals of the mean"


def listing(words: list[str]) -> str:
    """Join words as in a sentence: "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def title(outcome: Outcome, what: str) -> str:
    """Name the data set, the network, and what is shown."""
    model = outcome.config.model
    network = "-".join(map(str, model.sizes))
    kind = f"linear, {network}" if len(model.sizes) == 2 else network
    return f"{NAMES.get(outcome.config.dataset, outcome.config.dataset)} ({kind}; p = {model.n_params}): {what}"


def heading(name: str, model: MLP, what: str) -> str:
    """Title a figure: the data set's name, the network, and what is shown."""
    return f"{name} ({'-'.join(map(str, model.sizes))}; p = {model.n_params}): {what}"


def factors(condition: str) -> str:
    """Say what is new in every run of a condition."""
    return listing([FACTORS[name] for name in condition.split(",") if name in FACTORS])


def condition(name: str) -> str:
    """Say under which condition orders of runs are compared."""
    if "init" not in name:
        return f"shared initial parameters, new {factors(name)}"
    return f"new {factors(name)}" + (", units\u00a0aligned" if name == ALIGNED else "")


def experiment(outcome: Outcome) -> str:
    """Say how many runs and steps there were, for a caption."""
    config = outcome.config
    text = (
        f"{runs(config.runs)}, each with its own {factors(','.join(config.vary))}; t0 = {outcome.t0} steps "
        f"with all parameters optimised, then t1 = {config.t1} with a share of them frozen."
    )
    if outcome.n_diverged:
        text += f" In {runs(outcome.n_diverged)} at least one branch diverged: left out where so."
    return text


def runs(n: int) -> str:
    """Count runs."""
    return f"{n} run{'s' * (n != 1)}"


def is_regression(outcome: Outcome) -> bool:
    """Whether the loss is the squared error."""
    return outcome.metric_name == "RMSE"


def loss_label(outcome: Outcome) -> str:
    """Name the loss with its unit."""
    if is_regression(outcome):
        scaled = outcome.config.data.get("scale_y", True)
        return "mean squared error,\n" + ("variances of the target" if scaled else "squared units of the target")
    return ("cross-entropy" if outcome.config.model.sizes[-1] > 1 else "logistic loss") + ", nats"


def metric_label(outcome: Outcome) -> str:
    """Name the metric with its unit."""
    if not is_regression(outcome):
        return "accuracy, share of objects"
    return "RMSE, 1000 dollars" if outcome.config.dataset == "boston" else "RMSE, units of the target"


def pair(outcome: Outcome) -> list[str]:
    """Name the order of the paper and the random one, or others where an experiment leaves these out."""
    orders = outcome.config.orders
    first = COVARIANCE if COVARIANCE in orders else next((name for name in orders if name != RANDOM), orders[0])
    second = RANDOM if RANDOM in orders else next((name for name in orders if name != first), first)
    return [first] if first == second else [first, second]
