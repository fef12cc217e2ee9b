"""Hypernetworks: exact at knots, continuous, of the right gradient; their files; pruning without training again."""

import io

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import central_differences
from small import small_dataset

from minimal_order.complexity.generated import Generated
from minimal_order.complexity.hypernet import Hypernet, coordinate, linear_basis, piecewise_basis
from minimal_order.complexity.hypernet_file import TrainedHypernet, load, prune, save, to_bytes
from minimal_order.complexity.objectives import FAMILIES
from minimal_order.complexity.regularised import Regularised
from minimal_order.networks.models import MLP
from minimal_order.runs.files import npz_bytes
from minimal_order.training.loop import descend
from minimal_order.training.optim import clipped, sgd
from minimal_order.training.train import evaluate
from minimal_order.variational.sampling import pack

MODEL = MLP((3, 4, 3), "relu")


def rng(seed=3):
    return np.random.default_rng(seed)


def b_of(hypernet, n=5):
    return rng(1).standard_normal((hypernet.n_rows, n))


# --- the maps -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", ["log", "raw"])
def test_linear_map(scale):
    """eq:hypernet-linear in both coordinates; in the talk's it is lam b_2 + b_3."""
    hypernet = Hypernet("linear", 1e-3, 1e2, scale=scale)
    b = b_of(hypernet)
    for lam in (1e-3, 0.02, 1.0, 100.0):
        u = lam if scale == "raw" else (np.log10(lam) + 3) / 5
        assert_allclose(hypernet.parameters(b, lam), u * b[0] + b[1], rtol=1e-10)
    assert_array_equal(linear_basis(np.array([0.25])), [[0.25, 1]])


@pytest.mark.parametrize("scale", ["log", "raw"])
@pytest.mark.parametrize("knots", [2, 6, (1e-3, 1e-2, 7.0, 1e2)], ids=str)
def test_exact_at_knots(scale, knots):
    """eq:hypernet-piecewise: to the bit, at inner knots once and not twice, and at both ends of the range."""
    hypernet = Hypernet("piecewise", 1e-3, 1e2, knots, scale)
    b = b_of(hypernet)
    assert_array_equal(hypernet.parameters(b, np.array(hypernet.knots)), b)
    assert hypernet.knots[0] == 1e-3 and hypernet.knots[-1] == 1e2


def test_piecewise_map_by_its_definition():
    """eq:hypernet-piecewise: the sum over half-open intervals, the last closed, one lam at a time."""
    hypernet = Hypernet("piecewise", 1e-3, 1e2, 4)
    b, t = b_of(hypernet), [0, 1 / 3, 2 / 3, 1]
    for u in np.linspace(0, 1, 41):
        expected = np.zeros(5)
        for i in range(3):
            if t[i] <= u < t[i + 1] or (i == 2 and u == 1):
                expected += b[i] + (b[i + 1] - b[i]) / (t[i + 1] - t[i]) * (u - t[i])
        assert_allclose(piecewise_basis(np.array(u), np.array(t)) @ b, expected, rtol=1e-10, atol=1e-12)


def test_continuous_and_between_its_knots():
    """eq:hypernet-piecewise: no jump at a knot; factors are shares that sum to 1, at most two of them not 0."""
    hypernet = Hypernet("piecewise", 1e-3, 1e2, 6)
    b = b_of(hypernet)
    inner = np.array(hypernet.knots[1:-1])
    jump = hypernet.parameters(b, inner * (1 + 1e-12)) - hypernet.parameters(b, inner * (1 - 1e-12))
    assert np.abs(jump).max() < 1e-10
    phi = hypernet.basis(hypernet.sample(rng(), 500))
    assert_allclose(phi.sum(axis=-1), 1, rtol=1e-12)
    assert ((phi >= 0) & (phi <= 1)).all() and ((phi > 0).sum(axis=-1) <= 2).all()


def test_coordinate():
    lam = np.array([1e-3, 10**-0.5, 1e2])
    assert_allclose(coordinate(lam, 1e-3, 1e2), [0, 0.5, 1], atol=1e-15)
    assert_array_equal(coordinate(lam, 1e-3, 1e2, "raw"), lam)


@pytest.mark.parametrize("kind", ["linear", "piecewise"])
def test_outside_the_range(kind):
    hypernet = Hypernet(kind, 1e-3, 1e2)
    b = b_of(hypernet)
    for lam in (9e-4, 101.0):
        with pytest.raises(ValueError, match=r"lam = .*: expected 0.001 ... 100, the range .* clamp"):
            hypernet.parameters(b, lam)
        end = 1e-3 if lam < 1 else 1e2
        assert_array_equal(hypernet.parameters(b, lam, clamp=True), hypernet.parameters(b, end))
    with pytest.raises(ValueError, match=r"lam = 0\.0: expected a positive"):
        hypernet.parameters(b, 0.0, clamp=True)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kind": "cubic"}, "kind = 'cubic'"),
        ({"lam_min": 0.0}, "lam_min = 0.0"),
        ({"lam_min": 5.0, "lam_max": 5.0}, "lam_min = 5.0: expected less than"),
        ({"knots": 1}, "knots = 1"),
        ({"knots": (1e-3, 3.0)}, "end with lam_max"),
        ({"knots": (1e-3, 3.0, 2.0, 1e2)}, "increasing"),
        ({"scale": "ln"}, "scale = 'ln'"),
    ],
)
def test_wrong_arguments(changed, said):
    with pytest.raises(ValueError, match=said):
        Hypernet(**{"kind": "piecewise"} | changed)


def test_lam_is_drawn_log_uniformly():
    lam = Hypernet("linear", 1e-3, 1e2).sample(rng(), 100_000)
    share = np.histogram(np.log10(lam), bins=5, range=(-3, 2))[0] / len(lam)
    assert_allclose(share, 0.2, atol=0.006)


# --- training -------------------------------------------------------------------------------------------


class Fixed(Hypernet):
    """A hypernetwork that draws the same lam every time."""

    def sample(self, rng, size):
        return np.geomspace(0.02, 30, size)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["linear", "piecewise"])
def test_gradient_reaches_the_hypernetwork(family, kind):
    """eq:hypernet-linear, eq:hypernet-piecewise: the chain rule against central differences of the mean over lam."""
    data, hypernet = small_dataset("multiclass", n_train=5), Fixed(kind, knots=3)
    model = MLP((3, 2, 3), "tanh")
    theta = model.init(rng())
    theta = pack(theta, np.full_like(theta, -1.0)) if FAMILIES[family].spread else theta
    b = hypernet.start(theta) + 0.1 * rng(2).standard_normal((hypernet.n_rows, len(theta)))
    lam = hypernet.sample(None, 3)

    def gradient(b):
        out = np.empty_like(b)
        of = Regularised(family, model, data, 1.0, rng(7))
        back = Generated(of, hypernet, rng(), 3).gradient(b, data.X_train, data.y_train, out)
        return out, back

    def value(b):
        fit = -gradient(b)[1].loss.mean(axis=-1) * data.n_train
        theta = hypernet.parameters(b.reshape(hypernet.n_rows, -1), lam)
        prior = Regularised(family, model, data, 1.0, rng()).prior
        return -np.mean([FAMILIES[family].objective(*each, prior) for each in zip(fit, theta, lam, strict=True)]) / 5

    assert_allclose(gradient(b.ravel())[0], central_differences(value, b.ravel()), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("own_data", [False, True])
def test_run_among_others_is_as_if_alone(own_data):
    runs, hypernet = 3, Hypernet("piecewise", knots=3)
    data = small_dataset("multiclass", runs=(runs,) if own_data else ())
    n = MODEL.n_params
    b = rng().standard_normal((runs, hypernet.n_rows * n))

    def last(b, data, seeds):
        several = isinstance(seeds, list)
        streams = [[rng([seed, i]) for seed in seeds] if several else rng([seeds, i]) for i in range(2)]
        objective = Generated(Regularised("base", MODEL, data, 1.0, streams[0]), hypernet, streams[0], 4)
        loop = descend(MODEL, data, b, rng=streams[1], objective=objective, rule=sgd(0.1), batch_size=6)
        for step in loop:
            if step.t == 3:
                return step.w

    together = last(b, data, list(range(runs)))
    for i in range(runs):
        assert_allclose(together[i], last(b[i], data.run(i) if own_data else data, i), rtol=1e-10)


@pytest.mark.parametrize("kind", ["linear", "piecewise"])
def test_starts_as_one_network(kind):
    hypernet, theta = Hypernet(kind), rng().standard_normal((2, 7))
    b = hypernet.start(theta)
    assert b.shape == (2, hypernet.n_rows, 7)
    for one, expected in zip(b, theta, strict=True):
        assert_allclose(hypernet.parameters(one, hypernet.sample(rng(), 4)), np.tile(expected, (4, 1)), rtol=1e-12)


def test_training_learns_what_lam_does():
    """Where lam is large the weights that a hypernetwork emits are small."""
    data, hypernet = small_dataset("multiclass", n_train=60), Hypernet("piecewise", 0.3, 1e2, 4)
    b = hypernet.start(MODEL.init(rng())).ravel()
    objective = Generated(Regularised("base", MODEL, data, 1.0, rng()), hypernet, rng(1), 5)
    for step in descend(MODEL, data, b, rng=rng(2), objective=objective, batch_size=20):
        if step.t == 1500:
            break
    size = np.linalg.norm(hypernet.parameters(step.w.reshape(4, -1), np.array(hypernet.knots)), axis=-1)
    assert (np.diff(size) < 0).all() and size[-1] < 0.1 * size[0]


def test_clipping_is_by_value():
    rule = clipped(sgd(1.0), 0.5)
    w = np.zeros(3)
    update, _ = rule.step(rule.init(w), np.array([2.0, -0.1, -9.0]), w)
    assert_array_equal(update, [-0.5, 0.1, 0.5])
    with pytest.raises(ValueError, match="limit = 0"):
        clipped(sgd(1.0), 0)


def test_type_is_kept():
    data, hypernet = small_dataset("multiclass", dtype=np.float32), Hypernet("piecewise")
    objective = Generated(Regularised("variational", MODEL, data, 1.0, rng()), hypernet, rng())
    w, out = (np.zeros(objective.n_params, np.float32) for _ in range(2))
    assert objective.gradient(w, data.X_train, data.y_train, out).loss.dtype == np.float32


# --- pruning --------------------------------------------------------------------------------------------


def trained(family="variational", kind="piecewise"):
    hypernet = Hypernet(kind)
    n = FAMILIES[family].n_params(MODEL)
    return TrainedHypernet(MODEL, family, hypernet, rng().standard_normal((hypernet.n_rows, n)), "toy")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("per", ["tensor", "network"])
@pytest.mark.parametrize("biases", [False, True])
def test_share_of_none_and_of_all(family, per, biases):
    """eq:variational-relevance: 0 removes exactly nothing; 1 removes everything, and the network still predicts."""
    hypernet, data = trained(family), small_dataset("multiclass")
    w = FAMILIES[family].means(hypernet.at(0.1))
    whole, none = (hypernet.pruned(0.1, share, per=per, biases=biases) for share in (0.0, 1.0))
    assert_array_equal(whole.w, w)
    assert whole.beta.all()
    weights = MODEL.layout.input >= 0
    assert_array_equal(none.w, 0 if biases else np.where(weights, 0, w))
    accuracy = evaluate(MODEL, none.w, data.X_test, data.y_test, data.task)[1]
    assert 0 <= accuracy <= 1


def test_what_leaves_first():
    """eq:variational-relevance: the smallest |mu| / sigma, or |w|, of each tensor; nested in the share."""
    hypernet = trained()
    theta = hypernet.at(0.5)
    mu, sigma = theta[: MODEL.n_params], np.exp(theta[MODEL.n_params :])
    left = hypernet.pruned(0.5, np.array([0.25, 0.5]))
    assert left.w.shape == (2, MODEL.n_params)
    assert (left.beta[0] | ~left.beta[1]).all()
    for block in MODEL.layout.blocks:
        rows = slice(block.start, block.stop)
        ratio, kept = np.abs(mu / sigma)[rows], left.beta[1][rows]
        if block.name.startswith("b"):
            assert kept.all()
        else:
            assert kept.sum() == kept.size // 2 and ratio[kept].min() > ratio[~kept].max()
    magnitude = prune(FAMILIES["base"], MODEL, mu, 0.5, "network", True)
    assert np.abs(mu[magnitude.beta]).min() > np.abs(mu[~magnitude.beta]).max()


def test_share_out_of_range():
    for share in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match=rf"^share = {share}: expected shares from 0 to 1"):
            trained().pruned(0.1, share)


# --- files ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["linear", "piecewise"])
def test_file_holds_everything(tmp_path, family, kind):
    one = trained(family, kind)
    save(tmp_path / "h.npz", one)
    other = load(tmp_path / "h.npz", MODEL)
    assert (other.model, other.family, other.hypernet, other.dataset) == (MODEL, family, one.hypernet, "toy")
    assert_array_equal(other.b, one.b)
    assert to_bytes(other) == to_bytes(one)


def test_other_architecture(tmp_path):
    save(tmp_path / "h.npz", trained())
    with pytest.raises(ValueError, match=r"expected one for MLP\(3-5-3, .*but it is for MLP\(3-4-3"):
        load(tmp_path / "h.npz", MLP((3, 5, 3), "relu"))


@pytest.mark.parametrize("length", [0, 10, 500, -1])
def test_truncated_file(tmp_path, length):
    (tmp_path / "h.npz").write_bytes(to_bytes(trained())[:length])
    with pytest.raises(ValueError, match="damaged or something else"):
        load(tmp_path / "h.npz")


def test_changed_or_foreign_file(tmp_path):
    content = bytearray(to_bytes(trained()))
    content[200] ^= 1
    (tmp_path / "h.npz").write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        load(tmp_path / "h.npz")
    buffer = io.BytesIO()
    np.savez(buffer, b=np.ones(3))
    for foreign in (buffer.getvalue(), npz_bytes({"b": np.ones(3)}), b"text"):
        (tmp_path / "h.npz").write_bytes(foreign)
        with pytest.raises(ValueError, match="something else"):
            load(tmp_path / "h.npz")
    with pytest.raises(OSError, match="No such file"):
        load(tmp_path / "none.npz")


def test_parameters_that_do_not_fit():
    with pytest.raises(ValueError, match=r"b.shape = \(5, 31\): expected \(6, 62\)"):
        TrainedHypernet(MODEL, "variational", Hypernet("piecewise"), np.zeros((5, 31)))
