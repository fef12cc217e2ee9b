"""Parts of experiments relevance and noise, against their steps one at a time."""

import numpy as np
import pytest
from small import small_dataset
from tiny_relevance import tiny

from minimal_order.claims import relevance as claims
from minimal_order.dependence.laplace import conditional_mean
from minimal_order.experiments.noise.parts import noise_part
from minimal_order.experiments.relevance import moving, runs
from minimal_order.experiments.relevance.config import GIVEN, RelevanceConfig
from minimal_order.experiments.relevance.moving import MOVED, RETRAINED, ZEROED, moved, retrained, ways_of, zeroed
from minimal_order.experiments.relevance.outcome import RelevanceOutcome
from minimal_order.experiments.relevance.parts import curves_of, relevance_part
from minimal_order.freezing.masks import prune_mask
from minimal_order.networks.losses import LOSSES
from minimal_order.networks.models import mlp
from minimal_order.orders import compute_order
from minimal_order.pruning.noise import noise_first_order, noise_propagation
from minimal_order.pruning.removal import retraining
from minimal_order.training.optim import adam, sgd
from minimal_order.training.penalty import PenalisedLoss
from minimal_order.training.train import evaluate, train

# --- parts ----------------------------------------------------------------------------------------------


def test_decay_in_the_rule_is_the_penalised_loss():
    data, model = small_dataset("regression"), mlp(3, 4, 1)
    w = model.init(np.random.default_rng(0))
    by_rule = train(
        model, data, w, steps=7, rng=np.random.default_rng(1), rule=runs.with_decay(sgd(0.1), 0.05), batch_size=5
    )
    again = retraining(model, data, steps=7, rng=np.random.default_rng(1), rule=sgd(0.1), batch_size=5,
                       objective=PenalisedLoss(model, LOSSES["regression"], 0.05))  # fmt: skip
    np.testing.assert_allclose(by_rule.w, again(w, np.ones(w.shape, bool)), rtol=1e-10)


def test_part_is_what_its_steps_say(outcome):
    """Train, order, remove and evaluate again, one run and one curve at a time."""
    config = outcome.config
    training = runs.trained(config, (0, 1))
    for i in (0, 1):
        run, data = training.run(i), training.run(i).data
        for name in config.orders:
            rng = runs.generator(config, f"order {name}", i)
            order = compute_order(name, run, rng)
            np.testing.assert_array_equal(outcome.order[i, config.orders.index(name)], order)
            w = run.w.copy()
            w[order[: round(0.6 * w.size)]] = 0
            loss, accuracy = evaluate(config.model, w, data.X_test, data.y_test, "multiclass")
            np.testing.assert_allclose(outcome.loss(name)[i, 2, 1], loss, rtol=1e-10)
            assert outcome.metric(name)[i, 2, 1] == accuracy
    assert np.all(outcome.metric("obd")[:, 0] == outcome.metric("random")[:, 0])
    np.testing.assert_allclose(outcome.loss("obd")[:, -1], np.log(3), rtol=1e-10)


def test_runs_differ_and_a_part_depends_on_its_runs_alone(outcome):
    second = relevance_part(outcome.config, (1,))
    np.testing.assert_allclose(second["loss"][0], outcome.end_loss[1], rtol=1e-7)
    assert not np.array_equal(outcome.order[0], outcome.order[1])


def test_boston_is_measured_in_dollars():
    config = tiny(dataset="boston", orders=("magnitude",), runs=1, levels=(1.0,))
    part = relevance_part(config, (0,))
    data = runs.dataset_of(config, 0)
    assert part["metric"][0, 0, 0, 1] == pytest.approx(np.sqrt(np.mean(data.y_test**2)) * data.y_scale)


def test_zeroed_follows_the_order():
    w, order = np.array([5.0, 6.0, 7.0]), np.array([2, 0, 1])
    np.testing.assert_array_equal(zeroed(w, order, np.array([0, 1, 3])), [[5, 6, 7], [5, 6, 0], [0, 0, 0]])


def test_moved_is_the_conditional_mean():
    """Another formula for the same: one inverse for all that are removed instead of a removal at a time."""
    rng = np.random.default_rng(0)
    B, w, order = rng.standard_normal((7, 9)), rng.standard_normal(7), rng.permutation(7)
    A, ks = B @ B.T, np.array([0, 2, 5, 7])
    found = moved(w, order, ks, A)
    for row, k in zip(found, ks, strict=True):
        np.testing.assert_allclose(row, conditional_mean(w, A, order[:k]), rtol=1e-8, atol=1e-10)
        assert np.all(row[order[:k]] == 0)


def test_retrained_trains_what_is_left_between_levels():
    config = tiny(retrain=3, orders=("random", "magnitude"), decay=0.01)
    training = runs.trained(config, (0, 1))
    orders = np.stack([[np.random.default_rng([i, o]).permutation(224) for o in (0, 1)] for i in (0, 1)])
    path = list(retrained(config, training, orders, (0, 1)))
    beta = prune_mask(orders, k=config.ks)
    for level, w in enumerate(path):
        assert w.shape == (2, 2, 224) and np.all(w[~beta[:, :, level]] == 0)
    np.testing.assert_array_equal(path[0], np.repeat(training.w[:, None], 2, axis=1))
    alone = retraining(config.model, training.data.run(1), steps=3, rng=runs.generator(config, "retraining", 1),
                       objective=PenalisedLoss(config.model, LOSSES["multiclass"], 0.01), rule=adam(1e-3))  # fmt: skip
    np.testing.assert_allclose(path[1][1, 0], alone(training.w[1] * beta[1, 0, 1], beta[1, 0, 1]), rtol=1e-9)
    assert not path[-1].any()


def test_curves_are_those_that_the_methods_have():
    assert ways_of(tiny(), "obd") == [ZEROED] and ways_of(tiny(retrain=1), "obd") == [ZEROED, RETRAINED]
    assert curves_of(tiny(orders=("obs", "belsley"))) == [
        (o, way) for o in ("obs", "belsley") for way in (ZEROED, MOVED)
    ]
    assert ways_of(RelevanceConfig("synthetic-drawn"), "obs") == [ZEROED]


def test_moving_by_obs_is_its_own_path():
    training = runs.trained(tiny(), (0,)).run(0)
    order = compute_order("obs", training, np.random.default_rng(0))
    w = moved(training.w, order, np.array([3]), moving.obs_covariance(training))[0]
    assert np.all(w[order[:3]] == 0) and not np.array_equal(w[order[3:]], training.w[order[3:]])


def test_given_covariance_finds_the_dependent_parameters():
    config = RelevanceConfig("synthetic-drawn", orders=(GIVEN, "magnitude"), runs=3, levels=(0.0, 0.9, 1.0))
    found = RelevanceOutcome.assemble(config, [relevance_part(config, (0, 1, 2))])
    assert np.all(found.rank(GIVEN)[:, 0] >= 99)
    estimate = claims.outlived(found, GIVEN)
    assert estimate.low > 0.95
    training = runs.trained(config, (0, 1))
    assert training.C is None and not np.array_equal(training.w[0], training.w[1])


# --- noise ----------------------------------------------------------------------------------------------


def test_noise_part_is_what_its_steps_say(noise):
    config = noise.config
    training = runs.trained(config, (0, 1))
    run = training.run(1)
    order = compute_order("obd", run, np.random.default_rng(0))
    w = zeroed(run.w, order, config.ks)
    X = run.data.X_test[:9]
    drawn = noise_propagation(config.model, w, X, 1.0, "multiclass", runs.generator(config, "noise", 1), 4)
    np.testing.assert_allclose(noise.variance("obd")[1, :, 1], drawn, rtol=1e-8)
    first = noise_first_order(config.model, w, X, 0.2, "multiclass")
    np.testing.assert_allclose(noise.first_order("obd")[1, :, 0], first, rtol=1e-8)
    assert np.all(noise.drawn[:, :, -1] == 0) and np.all(noise.first[:, :, -1] == 0)
    second = noise_part(config, (1,))
    np.testing.assert_allclose(second["drawn"][0], noise.drawn[1], rtol=1e-6, atol=1e-15)


def test_both_experiments_train_the_same_networks(outcome, noise):
    np.testing.assert_array_equal(noise.metric[:, 1], outcome.metric("obd")[..., 1])
