"""The report of the whole reproduction of the talk on selection."""

from collections.abc import Mapping, Sequence

from ..claims.ledger import Claim, interval
from ..experiments.select.config import DEFAULT_ORDERS
from ..experiments.select.oracle import PROBLEMS, OracleOutcome
from ..experiments.select.outcome import SelectOutcome
from .reproduction import link, reproduction
from .text import mean_with_interval, table, too_few


def oracle_text(outcome: OracleOutcome) -> str:
    """How far each order is from the best of all pairs of masks."""
    config = outcome.config
    rows = []
    for order, name in enumerate(DEFAULT_ORDERS):
        cells = []
        for problem in PROBLEMS:
            gap, better = (
                values[..., order].mean(axis=1) for values in (outcome.gap(problem), outcome.better[problem])
            )
            cells += [str(interval(100 * gap)), str(interval(100 * better))]
        rows.append((name, *cells))
    heads = [f"{problem}: {what}" for problem in PROBLEMS for what in ("loss above the best, %", "pairs better, %")]
    head = (
        "Every alpha with k ones of 9 parameters was trained, and every beta with l ones tried on each. Beside the "
        "best of these pairs stands alpha from an order with beta from the magnitude: by how much its loss on the "
        "training part is above the best pair's, and the share of all pairs that are better. Mean over k = "
        f"{', '.join(map(str, config.ks))} and l = {', '.join(map(str, config.ls))}, with 95 % intervals over "
        f"{config.runs} runs. "
        "*boston*: rooms and share of poor alone, a network 2-2-1; *synthetic3*: 9 features, linear."
    )
    return f"{head}\n\n{table(('order', *heads), rows)}"


def selection_report(
    command: str, outcomes: Mapping[str, SelectOutcome], oracle: OracleOutcome, claims: Sequence[Claim]
) -> str:
    """The verdicts, then where to find what, then the evidence."""
    folders = [
        (link(name), str(o.config.model), o.config.eta0, o.config.eta1, o.config.runs,
         ", ".join(o.config.vary), mean_with_interval(o.start[:, 1]), mean_with_interval(o.end_metric[:, 0, 1]))
        for name, o in outcomes.items()
    ]  # fmt: skip
    heads = ("folder", "model", "eta0", "eta1", "runs", "new in every run", "test at eta0",
             "test at the end, all optimised")  # fmt: skip
    return reproduction(
        "Which parameters to optimise",
        command,
        claims,
        few=too_few(min(outcome.config.runs for outcome in outcomes.values()), "run"),
        experiments=table(heads, folders),
        sections=["## How far from the best", oracle_text(oracle)],
    )
