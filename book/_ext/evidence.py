"""The claims of the five documents, and what the tables ``results/*/claims.csv`` say of them."""

import csv
import math
from pathlib import Path
from typing import NamedTuple

from minimal_order.estimates import Estimate

Rows = list[dict[str, str]]
"""The rows of one claim."""

UNTESTED = "not run yet"
COMMANDS = {"belsley-toy": "minimal-order belsley-toy"}  # of folders that are no document's


class Claim(NamedTuple):
    """What a document claims, in short, and the page that looks into it."""

    text: str
    page: str


# fmt: off
CLAIMS = {
    "a1":  Claim("The loss grows slower than when parameters are frozen by lot.",               "freezing"),
    "a2":  Claim("The loss varies less between runs than when frozen by lot.",                  "freezing"),
    "a3":  Claim("On Boston and MNIST the loss is comparable with freezing by lot.",            "freezing"),
    "a4":  Claim("The order does not change from run to run.",                                  "stability"),
    "a5":  Claim("A significant share can be frozen without significant loss.",                 "freezing"),
    "a6":  Claim("The order on a linear model's parameters is one on the features.",            "other-orders"),
    "a7":  Claim("Most parameters converge after few iterations.",                              "freezing"),
    "a8":  Claim("The running estimate approximates the covariance of the gradient.",           "covariance"),
    "a9":  Claim("Freezing lowers the cost of optimisation.",                                   "cost"),
    "a10": Claim("One procedure can freeze and prune, at a loss that is hardly larger.",        "freezing"),
    "b1":  Claim("Parameters converge at different speeds.",                                    "selection"),
    "b2":  Claim("The preconditioned gradient chooses best, the gradient next, chance worst.",  "selection"),
    "b3":  Claim("On MNIST accuracy stays above .96 with 60 % of the parameters not optimised.", "selection"),
    "b4":  Claim("On MNIST accuracy stays above .95 with 80 % of the weights zeroed.",          "selection"),
    "c1":  Claim("Pruned by Belsley's method a network keeps its quality longest.",             "relevance"),
    "c2":  Claim("Pruned by Belsley's method a network passes least noise on.",                 "noise"),
    "c3":  Claim("Belsley's method finds the parameters that depend on each other.",            "belsley"),
    "d1":  Claim("Variational methods make it possible to prune deep models.",                  "hypernetworks"),
    "d2":  Claim("Hypernetworks give similar results at lower cost.",                           "hypernetworks"),
    "d3":  Claim("Models from hypernetworks keep their properties when pruned.",                "hypernetworks"),
    "d4":  Claim("The criterion of trained models tends to that of the best ones.",             "theorem"),
}
# fmt: on


def read_tables(folder: Path) -> dict[str, tuple[str, Rows]]:
    """Read every table of claims; by claim its folder and rows, from the table that has most of them."""
    found: dict[str, tuple[str, Rows]] = {}
    for path in sorted(folder.glob("*/claims.csv")):
        by_claim: dict[str, Rows] = {}
        with path.open(encoding="utf8", newline="") as file:
            for row in csv.DictReader(file):
                by_claim.setdefault(row["id"], []).append(row)
        for name, rows in by_claim.items():
            if name not in CLAIMS:
                raise ValueError(f"{path}: claim {name!r} is none of {', '.join(CLAIMS)}")
            if len(rows) > len(found.get(name, ("", []))[1]):
                found[name] = path.parent.name, rows
    return found


def is_defined(row: dict[str, str]) -> bool:
    """Whether a row has a number, with an interval if it needs one."""
    return all(math.isfinite(float(row[name])) for name in ("value", "low", "high") if row[name])


def number(row: dict[str, str]) -> str:
    """Write the number of a row, with its interval if it has one."""
    if not is_defined(row):
        return "undefined"
    if not row["low"]:
        return f"{float(row['value']):.3g}"
    return str(Estimate(*(float(row[name]) for name in ("value", "low", "high"))))


def met_where(rows: Rows) -> list[str]:
    """List the places in which every judged number meets the rule; as ``claims.ledger.met_where``."""
    judged: dict[str, list[str]] = {}
    for row in rows:
        if row["met"] or not is_defined(row):
            judged.setdefault(row["where"], []).append(row["met"])
    return [where for where, met in judged.items() if all(answer == "yes" for answer in met)]
