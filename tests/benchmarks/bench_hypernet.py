"""A training step of each of the nine models on MNIST's network against PyTorch, float32, one thread each."""

from itertools import islice
from statistics import median
from time import perf_counter

import numpy as np
import pytest

from minimal_order.complexity.hypernet import Hypernet
from minimal_order.data.dataset import Dataset
from minimal_order.experiments.complexity.config import ComplexityConfig
from minimal_order.experiments.complexity.models import MODELS
from minimal_order.experiments.complexity.runs import start_of
from minimal_order.training.loop import descend

OBJECTS = 4096


class ByShape(np.random.Generator):
    """Noise that depends on the shape asked for and on nothing else."""

    def standard_normal(self, size=None, dtype=np.float64, out=None):
        return np.random.default_rng(size).standard_normal(size).astype(dtype)


def toy_data(dtype):
    """Objects of MNIST's size."""
    rng = np.random.default_rng(0)
    X = (2 * rng.random((OBJECTS, 784)) - 1).astype(dtype)
    y = rng.integers(0, 10, OBJECTS)
    return Dataset("random", "multiclass", X, y, X[:10], y[:10], n_classes=10)


def check_gradients(torch, config, name, data, peer_of):
    """Both contenders differentiate the same thing: equal gradients in float64 for equal noise."""
    start = start_of(config, name, 0, data)
    of = start.objective if start.hypernet is None else start.objective.of
    object.__setattr__(of, "rng", ByShape(np.random.PCG64(0)))
    lam = np.array(config.lams)
    if start.hypernet is not None:
        lam = start.hypernet.sample(np.random.default_rng(0), config.draws)
        object.__setattr__(start.objective, "draw", lambda: lam)
    X, y = data.X_train[:32], data.y_train[:32]
    ours = np.empty_like(start.w)
    start.objective.gradient(start.w, X, y, ours)
    peer = peer_of(start)
    phi = None if start.hypernet is None else torch.from_numpy(start.hypernet.basis(lam))

    def noise(shape):
        return torch.from_numpy(ByShape(np.random.PCG64(0)).standard_normal(tuple(shape)))

    peer.value(torch.from_numpy(X), torch.from_numpy(y), torch.from_numpy(lam), phi, noise).backward()
    np.testing.assert_allclose(ours.ravel(), peer.w.grad.numpy().ravel(), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", MODELS)
def bench_hypernet(name, quick, interleave, table):
    torch = pytest.importorskip("torch")
    from peers_torch_hypernet import Peer
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    family, steps = MODELS[name].family, 5 if quick else 20

    def peer_of(start):
        rows = 0 if start.hypernet is None else start.hypernet.n_rows
        return Peer(config, family, start.w, rows, data.n_train)

    with threadpool_limits(1):
        config = ComplexityConfig("mnist", dtype="float64")
        data = toy_data("float64")
        check_gradients(torch, config, name, data, peer_of)
        config, data = ComplexityConfig("mnist"), toy_data("float32")
        start = start_of(config, name, 0, data)
        loop = descend(config.model, data, start.w, rng=np.random.default_rng(0), objective=start.objective,
                       rule=config.rule, batch_size=config.batch_size)  # fmt: skip
        peer, rng = peer_of(start), np.random.default_rng(0)
        X, y = torch.from_numpy(data.X_train), torch.from_numpy(data.y_train)
        lams = torch.tensor(config.lams, dtype=torch.float32)

        def ours():
            begin = perf_counter()
            for _ in islice(loop, steps):
                pass
            return (perf_counter() - begin) / steps

        def torchs():
            begin = perf_counter()
            for _ in range(steps):
                rows = torch.from_numpy(rng.permutation(OBJECTS)[: config.batch_size])
                lam, phi = lams, None
                if isinstance(start.hypernet, Hypernet):
                    drawn = start.hypernet.sample(rng, config.draws)
                    lam, phi = (torch.from_numpy(a.astype("float32")) for a in (drawn, start.hypernet.basis(drawn)))
                peer.step(X[rows], y[rows], lam, phi)
            return (perf_counter() - begin) / steps

        ours(), torchs()
        seconds = interleave({"minimal_order": ours, "PyTorch": torchs}, 3 if quick else 15)
    mine, theirs = (median(each) for each in seconds.values())
    ratio = median(np.divide(seconds["PyTorch"], seconds["minimal_order"]))
    table(f"a training step, {name}, MNIST's network, batches of 256, one thread", ["", "ms", "x ours"],
          [["minimal_order", mine * 1e3, 1.0], ["PyTorch, stacked, fused Adam", theirs * 1e3, ratio]])  # fmt: skip
