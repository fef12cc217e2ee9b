"""Rules that sample: each step against its paper, and the stationary variance on a quadratic in closed form.

On L = h w^2 / 2, whose gradient is seen with independent noise e ~ N(0, C/S), a step is w <- (1 - b h) w - b e + z
with a number b and Var z = v. That is an autoregression: its stationary distribution is normal with the variance
(b^2 C/S + v) / (1 - (1 - b h)^2) exactly, at any step size. From n independent replicas a variance is estimated
with the relative standard deviation sqrt(2/n); the tolerance is five of those, which chance exceeds once in
a million. The seeds are fixed.
"""

import numpy as np
import pytest
from small import small_dataset, small_model

from minimal_order.orders.gradients import preconditioner
from minimal_order.training.langevin import normal_prior, preconditioned_sgd, psgld, sgld
from minimal_order.training.optim import spread_state
from minimal_order.training.train import train

N, S = 1000, 20
REPLICAS = 40_000
TOLERANCE = 5 * np.sqrt(2 / REPLICAS)  # 3.5 %

h = np.array([0.5, 1.0, 3.0])  # curvatures of three parameters
C = np.array([2.0, 0.1, 30.0])  # variances of the gradient of one object


def stationary(b, v=0.0, h=h):
    """The variance of w <- (1 - b h) w - b e + z, e ~ N(0, C/S), Var z = v."""
    return (b**2 * C / S + v) / (1 - (1 - b * h) ** 2)


def variance_after(rule, steps, w=None):
    """Var w over the replicas after so many steps on the quadratic, each with a noise of its own."""
    rng = np.random.default_rng(5)
    w = np.zeros((REPLICAS, 3)) if w is None else w
    state = rule.init(w)
    for _ in range(steps):
        g = h * w + np.sqrt(C / S) * rng.standard_normal(w.shape)
        update, state = rule.step(state, g, w)
        w = w + update
    return w.var(axis=0)


# --- one step -------------------------------------------------------------------------------------------


def steps_of(rule, gs, w):
    """The path of w under given gradients."""
    state, path = rule.init(w), [w]
    for g in gs:
        update, state = rule.step(state, g, path[-1])
        path.append(path[-1] + update)
    return np.array(path)


def test_sgld_step_is_that_of_its_paper():
    """eq:sgld, one number at a time."""
    rng, gs, w = np.random.default_rng(1), np.random.default_rng(2).normal(size=(4, 2, 3)), np.ones((2, 3))
    path, noise = steps_of(sgld(0.01, 50, rng, normal_prior(3.0)), gs, w), np.random.default_rng(1)
    for t, g in enumerate(gs):
        z = noise.standard_normal((2, 3))
        for i, j in np.ndindex(2, 3):
            before = path[t, i, j]
            expected = before + 0.01 / 2 * (-3.0 * before + 50 * -g[i, j]) + 0.1 * z[i, j]
            assert path[t + 1, i, j] == pytest.approx(expected, rel=1e-10)


def test_psgld_step_is_that_of_its_paper():
    """eq:psgld, one number at a time."""
    rng, gs, w = np.random.default_rng(1), np.random.default_rng(2).normal(size=(4, 2, 3)), np.ones((2, 3))
    gs[:, 0, 0] = 0  # G is 1 / eps0 there
    path, noise, V = steps_of(psgld(0.01, 50, rng, normal_prior(3.0), 0.9, 0.5), gs, w), np.random.default_rng(1), {}
    for t, g in enumerate(gs):
        z = noise.standard_normal((2, 3))
        for place in np.ndindex(2, 3):
            V[place] = 0.9 * V.get(place, 0.0) + 0.1 * g[place] ** 2
            G, before = 1 / (0.5 + V[place] ** 0.5), path[t][place]
            expected = before + 0.01 / 2 * G * (-3.0 * before - 50 * g[place]) + (0.01 * G) ** 0.5 * z[place]
            assert path[t + 1][place] == pytest.approx(expected, rel=1e-10)


def test_preconditioned_step():
    """eq:preconditioned-step, with the step size infinite, clipped, and both with a gradient of 0."""
    H, g = np.array([0.1, 0.5, 7.0, np.inf, np.inf, 0.0]), np.array([2.0, -3.0, 1.0, 0.0, 4.0, 5.0])
    rule = preconditioned_sgd(H, max_rate=0.5)
    update, _ = rule.step(rule.init(g), g, g)
    np.testing.assert_allclose(update, [-0.2, 1.5, -0.5, 0.0, -2.0, 0.0], rtol=1e-10)


# --- what they sample -----------------------------------------------------------------------------------


def test_preconditioned_sgd_has_the_stationary_variance():
    """eq:preconditioned-step on a quadratic, at step sizes large enough that the first order is off by a third."""
    H = np.array([0.8, 0.6, 0.2])
    found = variance_after(preconditioned_sgd(H, 1.0), 60)  # .8^60 is 1e-6
    np.testing.assert_allclose(found, stationary(H), rtol=TOLERANCE)
    first_order = H * C / (2 * S * h)  # Mandt, Hoffman, Blei 2017, (12), for one parameter
    assert np.all(np.abs(found / first_order - 1) > 2 * TOLERANCE), "this test could not tell the two apart"


def test_preconditioner_makes_the_last_steps_a_sample_of_the_posterior():
    """eq:preconditioner H = 2 S / (N C) with the C of one object: the variance is 1 / (N h) to first order in H h.

    Exactly it is 1 / (N h) / (1 - H h / 2). With the C of a mini-batch in its place H would be S times too large.
    """
    H = preconditioner(C, S, N)
    posterior = 1 / (N * h)
    np.testing.assert_allclose(stationary(H), posterior / (1 - H * h / 2), rtol=1e-10)
    np.testing.assert_allclose(preconditioner(C / S, 1, N), H, rtol=1e-10)
    for shrink in (1e-2, 1e-4):  # the smaller H h, the nearer, in proportion
        np.testing.assert_allclose(stationary(H, h=shrink * h) * shrink, posterior, rtol=shrink * (H * h).max())
    found = variance_after(preconditioned_sgd(H, 1.0), 400, w=np.sqrt(posterior) * np.ones((REPLICAS, 3)))
    exact = stationary(H)
    np.testing.assert_allclose(found[:2], exact[:2], rtol=TOLERANCE)  # the third has H h = .004: 400 steps are few
    assert np.all(np.abs(stationary(S * H)[0] / exact[0] - 1) > 10), "the factor S shows"


@pytest.mark.parametrize("precision", [0.0, 400.0])
def test_sgld_has_the_stationary_variance(precision):
    """eq:sgld: b = eps N / 2 on the likelihood, the prior adds to the curvature, and v = eps."""
    eps = 9e-4
    A = N * h + precision  # the precision of the posterior
    b = eps * N / 2
    found = variance_after(sgld(eps, N, np.random.default_rng(6), normal_prior(precision)), 120)
    exact = stationary(b, eps, h=A / N)
    np.testing.assert_allclose(found, exact, rtol=TOLERANCE)
    assert np.all(np.abs(found * A - 1) > 2 * TOLERANCE), "at this rate it is not yet the posterior"
    tiny = 1e-9
    np.testing.assert_allclose(stationary(tiny * N / 2, tiny, h=A / N), 1 / A, rtol=1e-3)


def test_psgld_has_the_stationary_variance():
    """eq:psgld, its G held nearly still by a = .999: then it is sgld with the rate eps G.

    What is left of the motion of V, with a relative variance of (1 - a) at most, changes E G by 3/8 of that: .04 %.
    """
    a, eps = 0.999, 2e-4
    rng = np.random.default_rng(6)
    rule = psgld(eps, N, rng, normal_prior(0.0), a=a)
    w, gradient_noise = np.zeros((REPLICAS // 4, 3)), np.random.default_rng(7)
    # V starts where it will be: the mean square of the gradient, found by going round twice
    V = C / S
    for _ in range(50):
        G = 1 / (1e-5 + np.sqrt(V))
        V = C / S + h**2 * stationary(eps * G * N / 2, eps * G)
    state = spread_state(rule.init(w[0])._replace(V=V), w.shape)
    squares, kept = [], 0
    for t in range(1500):
        g = h * w + np.sqrt(C / S) * gradient_noise.standard_normal(w.shape)
        update, state = rule.step(state, g, w)
        w = w + update
        if t % 150 == 149 and t > 300:
            squares.append(w.var(axis=0))
            kept += 1
    assert np.all((1 - eps * G * N * h / 2) ** 150 < 0.05), "ten looks at the chain are nearly independent"
    found = np.mean(squares, axis=0)
    tolerance = 5 * np.sqrt(2 / (kept * len(w))) + 0.001
    np.testing.assert_allclose(found, stationary(eps * G * N / 2, eps * G), rtol=tolerance)


# --- with the rest of the package -----------------------------------------------------------------------

RULES = {
    "sgld": lambda p: sgld(1e-4, 24, np.random.default_rng(3)),
    "psgld": lambda p: psgld(1e-4, 24, np.random.default_rng(3)),
    "preconditioned_sgd": lambda p: preconditioned_sgd(np.full(p, 0.1), 0.05),
}


@pytest.mark.parametrize("name", RULES)
def test_masks_stop_the_noise_too(name):
    data, model = small_dataset("regression"), small_model("regression")
    w = model.init(np.random.default_rng(0), (3,))
    alpha = np.random.default_rng(1).random(w.shape) < 0.5
    rule = RULES[name](model.n_params)
    after = train(model, data, w, steps=5, rng=np.random.default_rng(2), rule=rule, batch_size=8, alpha=alpha)
    np.testing.assert_array_equal((after.w == w), ~alpha)


@pytest.mark.parametrize("name", RULES)
def test_float32_stays_float32(name):
    rule, w = RULES[name](3), np.ones((2, 3), np.float32)
    update, _ = rule.step(rule.init(w), w, w)
    assert update.dtype == np.float32


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda rng: sgld(0, 10, rng), "rate = 0"),
        (lambda rng: sgld(0.1, 0, rng), "n_samples = 0"),
        (lambda rng: sgld(0.1, np.nan, rng), "n_samples = nan"),
        (lambda rng: sgld(0.1, 10, 3), "rng = 3"),
        (lambda rng: psgld(0.1, 10, rng, a=1.0), "a = 1.0"),
        (lambda rng: psgld(0.1, 10, rng, eps0=0), "eps0 = 0"),
        (lambda rng: normal_prior(-1), "precision = -1"),
        (lambda rng: preconditioned_sgd([0.1, np.nan], 1), "H = "),
        (lambda rng: preconditioned_sgd([0.1, -1], 1), "H = "),
        (lambda rng: preconditioned_sgd([0.1], np.inf), "rate = inf"),
    ],
)
def test_arguments_out_of_range_are_refused(make, said):
    with pytest.raises(ValueError, match=f"^{said}.*expected"):
        make(np.random.default_rng(0))
