"""Verdicts on relevance, from outcomes of known quality."""

import numpy as np
from tiny_relevance import BEST, made_up, made_up_noise

from minimal_order.claims import relevance as claims
from minimal_order.claims.ledger import FAILS, HOLDS, UNTESTED
from minimal_order.claims.relevance import Evidence
from minimal_order.experiments.belsley_toy.outcome import ToyConfig, run_toy
from minimal_order.experiments.relevance.config import GIVEN
from minimal_order.experiments.relevance.outcome import RelevanceOutcome


def verdict(id, **evidence):
    return {claim.id: claim.verdict for claim in claims.judge(Evidence(**evidence))}[id]


def test_first_claim_follows_the_numbers():
    assert verdict("c1", relevance={"wine": made_up(**BEST)}) == HOLDS
    assert verdict("c1", relevance={"wine": made_up(**BEST | {"obd": 0.95})}) == FAILS
    assert verdict("c1", relevance={"wine": made_up(**BEST | {"variational": 0.9})}) == FAILS
    assert verdict("c1", relevance={"boston": made_up("boston", **BEST)}) == FAILS
    assert verdict("c1", relevance={"boston": made_up("boston", **BEST | {"belsley": 0.4})}) == HOLDS
    assert verdict("c1", relevance={"wine": made_up(n_runs=2, **BEST)}) == UNTESTED
    assert verdict("c1", relevance={"wine": made_up(random=0.5, belsley=0.9)}) == HOLDS


def test_rounding_errors_are_no_quality():
    found = made_up("synthetic", **BEST, **{GIVEN: 0.9})
    tiny_errors = np.random.default_rng(0).random(found.end_metric.shape) * 1e-14
    perfect = RelevanceOutcome(found.config, tiny_errors, tiny_errors, found.order, found.steepest, found.size)
    assert claims.lead(perfect, GIVEN, "obd") == (0, 0, 0)
    assert verdict("c1", relevance={"synthetic": perfect}) == FAILS and claims.standing(perfect)[0] == "random"
    assert claims.free_share(perfect, "obd") == 1
    x = np.array([1.0, 2.0, 3.0])
    assert claims.ratio(x * (1 - 1e-15), x) == (1, 1, 1)


def test_second_claim_follows_the_numbers():
    low = {"random": 0.2, "obd": 0.3, "variational": 0.25, "belsley": 0.1}
    assert verdict("c2", noise={"wine": made_up_noise(**low)}) == HOLDS
    assert verdict("c2", noise={"wine": made_up_noise(**low | {"obd": 0.05})}) == FAILS
    dead = dict.fromkeys(low, 1.0) | {"belsley": 0.01}
    assert verdict("c2", noise={"wine": made_up_noise(signal=dead, **low)}) == FAILS
    assert verdict("c2", noise={"wine": made_up_noise(random=0.2, obd=0.1)}) == UNTESTED


def test_third_claim_follows_the_numbers():
    found = made_up("synthetic", **BEST, **{GIVEN: 0.9})
    assert verdict("c3", relevance={"synthetic": found}) == FAILS  # parameter 0 leaves first there
    found.order[:] = found.order[..., ::-1].copy()
    assert verdict("c3", relevance={"synthetic": found}) == HOLDS
    toy = run_toy(ToyConfig(turns=5))
    assert verdict("c3", relevance={"synthetic": found}, toy=toy) == HOLDS
    assert verdict("c3", toy=None) == UNTESTED


def test_share_without_loss():
    found = made_up(**BEST | {"obd": 0.965})
    assert claims.free_share(found, "random") == 0 and claims.free_share(found, "obd") == 0.5
    assert claims.standing(found)[0] == "obd"
