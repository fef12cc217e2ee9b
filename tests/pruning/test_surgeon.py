"""Optimal Brain Surgeon against the constrained minimum of a quadratic, found by solving linear equations."""

import itertools

import numpy as np
import pytest
from small import small_dataset, small_model

from minimal_order.networks.losses import LOSSES
from minimal_order.networks.models import linear
from minimal_order.pruning.hessian import full_gauss_newton, full_hessian
from minimal_order.pruning.removal import by_obd, obd_saliency, removal_order, remove
from minimal_order.pruning.surgeon import MOST_PARAMS, by_obs, invert, obs_downdate, obs_saliency, obs_update

CLOSE = {"rtol": 1e-10, "atol": 1e-10}


def generator(seed=5):
    return np.random.default_rng(seed)


def quadratic(p=6, shape=(), seed=5):
    """A positive definite Hessian (..., p, p) and a minimum (..., p)."""
    rng = generator(seed)
    A = rng.standard_normal((*shape, p, p + 3))
    return A @ np.swapaxes(A, -1, -2) / p, rng.standard_normal((*shape, p))


def constrained_minimum(H, w, gone):
    """Minimise 1/2 (v - w)^T H (v - w) with v = 0 at ``gone``, by solving for the others: v and the loss."""
    rest = [i for i in range(len(w)) if i not in gone]
    v = np.zeros(len(w))
    if rest:
        v[rest] = np.linalg.solve(H[np.ix_(rest, rest)], (H @ w)[rest])
    return v, (v - w) @ H @ (v - w) / 2


def everything(H):
    return np.ones(H.shape[:-1], bool)


def test_saliency_is_the_price_of_the_constrained_minimum():
    """eq:obs on any quadratic."""
    H, w = quadratic()
    expected = [constrained_minimum(H, w, [j])[1] for j in range(6)]
    np.testing.assert_allclose(obs_saliency(np.linalg.inv(H), w), expected, **CLOSE)


def test_update_moves_to_the_constrained_minimum():
    """eq:obs-update on any quadratic."""
    H, w = quadratic()
    for j in range(6):
        dw = obs_update(np.linalg.inv(H), w, np.array(j))
        np.testing.assert_allclose(w + dw, constrained_minimum(H, w, [j])[0], **CLOSE)


def test_update_is_the_shift_of_the_conditional_mean():
    """eq:obs-update: of a Gaussian with mean w and covariance A = H^-1, given w_j = 0, by the textbook formula."""
    H, w = quadratic()
    A, j = np.linalg.inv(H), 2
    rest = [i for i in range(6) if i != j]
    mean = w[rest] + A[rest, j] / A[j, j] * (0 - w[j])
    np.testing.assert_allclose((w + obs_update(A, w, np.array(j)))[rest], mean, **CLOSE)
    covariance = A[np.ix_(rest, rest)] - np.outer(A[rest, j], A[j, rest]) / A[j, j]
    np.testing.assert_allclose(obs_downdate(A, np.array(j))[np.ix_(rest, rest)], covariance, **CLOSE)


def test_downdate_is_the_inverse_of_what_is_left():
    """eq:obs-downdate, one weight after another, in every replica another."""
    H, _ = quadratic(shape=(4,))
    inverse, gone = np.linalg.inv(H), [[], [], [], []]
    for _ in range(5):
        j = np.array([generator(len(g) + i).choice([k for k in range(6) if k not in g]) for i, g in enumerate(gone)])
        inverse = obs_downdate(inverse, j)
        for i, g in enumerate(gone):
            g.append(int(j[i]))
            rest = [k for k in range(6) if k not in g]
            np.testing.assert_allclose(inverse[i][np.ix_(rest, rest)], np.linalg.inv(H[i][np.ix_(rest, rest)]), **CLOSE)
            assert not inverse[i][g].any()
            assert not inverse[i][:, g].any()


@pytest.mark.parametrize("every", [1, 2, None])
def test_removing_one_after_another_stays_at_the_constrained_minimum(every):
    """eq:obs all the way: on a quadratic looking once is enough, and the prices add up to the loss."""
    H, w = quadratic(shape=(3,))
    steps = list(remove(w, by_obs(lambda w: H), every=every))
    for i in range(3):
        gone, paid = [], 0.0
        for step in steps:
            left = [j for j in range(6) if j not in gone]
            losses = {j: constrained_minimum(H[i], w[i], [*gone, j])[1] for j in left}
            assert step.j[i] == min(losses, key=losses.get)
            gone.append(int(step.j[i]))
            paid += step.saliency[i]
            v, loss = constrained_minimum(H[i], w[i], gone)
            np.testing.assert_allclose(step.w[i], v, **CLOSE)
            assert not step.w[i][gone].any()
            assert paid == pytest.approx(loss, rel=1e-9)


def test_surgeon_is_damage_where_the_hessian_is_diagonal():
    """eq:obs and eq:obd agree on a diagonal Hessian, and nothing else moves."""
    rng = generator()
    d, w = rng.uniform(0.1, 2, 7), rng.standard_normal(7)
    inverse = np.diag(1 / d)
    np.testing.assert_allclose(obs_saliency(inverse, w), obd_saliency(d, w), **CLOSE)
    np.testing.assert_array_equal(obs_update(inverse, w, np.array(3)), -w * (np.arange(7) == 3))
    surgeon, damage = by_obs(lambda w: np.diag(d)), by_obd(lambda w: d)
    np.testing.assert_array_equal(removal_order(w, surgeon), removal_order(w, damage))


def test_surgeon_never_pays_more_than_damage():
    """eq:obs: 1/[H^-1]_jj <= h_jj, the others only help."""
    H, w = quadratic(shape=(50,))
    inverse, h = np.linalg.inv(H), np.diagonal(H, axis1=-2, axis2=-1)
    assert (obs_saliency(inverse, w) <= obd_saliency(h, w) * (1 + 1e-12)).all()


@pytest.mark.parametrize("hessian", [full_hessian, full_gauss_newton], ids=lambda f: f.__name__)
def test_linear_regression_is_solved_again_without_the_feature(hessian):
    """The squared error of a linear model is quadratic: OBS refits, as least squares on the features that are left."""
    data, model = small_dataset("regression", n_train=30, n_features=5), linear(5)
    X, y = data.X_train, data.y_train
    w = np.linalg.lstsq(X, y, rcond=None)[0]
    steps = remove(w, by_obs(lambda w: hessian(model, LOSSES["regression"], w, X, y)), every=None)
    for step in itertools.islice(steps, 4):
        expected = np.zeros(5)
        expected[step.beta] = np.linalg.lstsq(X[:, step.beta], y, rcond=None)[0]
        np.testing.assert_allclose(step.w, expected, **CLOSE)


# --- singular, large, empty -------------------------------------------------------------------------------


def test_inverse_is_that_of_what_is_there():
    H, _ = quadratic(shape=(2,))
    beta = np.array([[True] * 6, [True, False, True, True, False, True]])
    found = invert(H, beta, np.array([0.0, 0.5]))
    np.testing.assert_allclose(found[0], np.linalg.inv(H[0]), **CLOSE)
    rest = [0, 2, 3, 5]
    np.testing.assert_allclose(found[1][np.ix_(rest, rest)], np.linalg.inv(H[1][np.ix_(rest, rest)] + 0.5 * np.eye(4)))
    assert not found[1][[1, 4]].any()
    assert not found[1][:, [1, 4]].any()
    none = invert(H[0], np.zeros(6, bool))
    assert not none.any()


@pytest.mark.parametrize(
    ("H", "said"),
    [
        (np.zeros((3, 3)), "eigenvalue 0"),
        (np.ones((3, 3)), "positive definite.*damping"),
        (np.diag([1.0, -0.2, 1.0]), "eigenvalue -0.2"),
        (np.diag([1.0, np.nan, 1.0]), r"hessian\[1, 1\] = nan"),
        (np.broadcast_to(0.0, (MOST_PARAMS + 1, MOST_PARAMS + 1)), f"n_params = {MOST_PARAMS + 1}: expected at most"),
    ],
)
def test_a_hessian_without_an_inverse_is_refused(H, said):
    with pytest.raises(ValueError, match=said):
        invert(H, everything(H))


@pytest.mark.parametrize("damping", [-0.1, np.nan, np.inf, np.array([1.0, -1.0])])
def test_damping_is_a_number_that_is_not_negative(damping):
    H, _ = quadratic(shape=(2,))
    with pytest.raises(ValueError, match=r"^damping"):
        invert(H, everything(H), damping)


def test_damping_makes_a_singular_hessian_regular():
    """A dead weight leaves first: it costs damping w^2 / 2, next to nothing, and nobody makes up for it."""
    H, w = quadratic(p=4)
    H = np.pad(H, ((0, 1), (0, 1)))
    w = np.append(w, 3.0)
    with pytest.raises(ValueError, match="positive definite"):
        removal_order(w, by_obs(lambda w: H))
    first = next(remove(w, by_obs(lambda w: H, damping=1e-9)))
    assert first.j == 4
    np.testing.assert_allclose(first.saliency, 1e-9 * 9 / 2)
    np.testing.assert_allclose(first.w, [*w[:4], 0], **CLOSE)


def test_zero_weights_leave_first_and_by_index():
    H, w = quadratic()
    w[[4, 1]] = 0
    steps = list(itertools.islice(remove(w, by_obs(lambda w: H)), 2))
    assert [int(step.j) for step in steps] == [1, 4]
    assert [float(step.saliency) for step in steps] == [0, 0]
    np.testing.assert_array_equal(steps[-1].w, w)
    assert removal_order(np.zeros(6), by_obs(lambda w: H)).tolist() == [0, 1, 2, 3, 4, 5]


def test_replicas_of_a_network_go_their_own_ways():
    """Each replica as if it were alone, with its own Hessian at its own weights."""
    data, model = small_dataset("binary", runs=(3,)), small_model("binary", (2,))
    w, loss = model.init(generator(), (3,)), LOSSES["binary"]

    def along(w, data):
        hessian = lambda w: full_gauss_newton(model, loss, w, data.X_train, data.y_train)  # noqa: E731
        return list(itertools.islice(remove(w, by_obs(hessian, damping=0.01), every=3), 7))

    together = along(w, data)
    for i in range(3):
        for one, step in zip(along(w[i], data.run(i)), together, strict=True):
            assert one.j == step.j[i]
            np.testing.assert_allclose(one.w, step.w[i], **CLOSE)
