from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from minimal_order.networks.models import MLP, linear, mlp
from minimal_order.networks.params import Layout

LAYOUTS = [Layout((3, 2)), Layout((2, 3, 1)), Layout((2, 3, 1), bias=False), Layout((4, 3, 2, 5))]


@pytest.mark.parametrize(
    ("model", "n_params"),
    [
        (mlp(13, 20, 1), 301),
        (mlp(200, 20, 1), 4041),
        (mlp(784, 10, 10), 7960),
        (linear(200), 200),
        (mlp(784, 50, 10), 39_760),
        (mlp(784, 200, 10), 159_010),
        (mlp(13, 13, 3), 224),
        (mlp(13, 39, 1), 586),
    ],
    ids=repr,
)
def test_published_counts_of_parameters(model, n_params):
    """eq:network: the paper's counts include the biases."""
    assert model.n_params == model.layout.n_params == n_params
    assert model.init(np.random.default_rng(0)).shape == (n_params,)


def test_tensors_follow_each_other_layer_by_layer():
    blocks = Layout((2, 3, 1)).blocks
    assert [tuple(block) for block in blocks] == [
        ("W1", 1, (3, 2), 0, 6),
        ("b1", 1, (3,), 6, 9),
        ("W2", 2, (1, 3), 9, 12),
        ("b2", 2, (1,), 12, 13),
    ]
    assert [block.name for block in Layout((2, 3, 1), bias=False).blocks] == ["W1", "W2"]
    assert Layout((2, 3, 1), bias=False).n_params == 9
    assert Layout((4, 3, 2, 5)).n_layers == 3
    with pytest.raises(FrozenInstanceError):
        Layout((2, 3, 1)).bias = False


def test_weights_lie_row_by_row():
    tensors = Layout((2, 3, 1)).views(np.arange(13))
    assert tensors["W1"].tolist() == [[0, 1], [2, 3], [4, 5]]
    assert tensors["b1"].tolist() == [6, 7, 8]
    assert tensors["W2"].tolist() == [[9, 10, 11]]
    assert tensors["b2"].tolist() == [12]


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("replicas", [(), (4,), (2, 3)], ids=str)
def test_views_write_through_and_pack_is_their_inverse(layout, replicas):
    w = np.random.default_rng(1).standard_normal((*replicas, layout.n_params))
    tensors = layout.views(w)
    np.testing.assert_array_equal(layout.pack(tensors), w)
    for block in layout.blocks:
        assert tensors[block.name].shape == replicas + block.shape
        assert np.shares_memory(tensors[block.name], w)
        tensors[block.name][...] = block.layer
    np.testing.assert_array_equal(w, np.broadcast_to(layout.layer, w.shape))


def test_views_write_through_where_replicas_lie_apart():
    layout = Layout((2, 3, 1))
    w = np.zeros((3, 2, 13)).swapaxes(0, 1)[:, ::2]
    layout.views(w)["W1"][...] = 1
    np.testing.assert_array_equal(w, np.broadcast_to(np.arange(13) < 6, w.shape))


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_name_of_a_parameter_is_its_place(layout):
    for j in range(layout.n_params):
        marked = layout.views((np.arange(layout.n_params) == j).astype(int))
        (tensor,) = (name for name, values in marked.items() if values.any())
        (place,) = np.argwhere(marked[tensor])
        assert layout.name(j) == f"{tensor}[{', '.join(map(str, place))}]"
        assert layout.layer[j] == int(tensor[1:])
        assert layout.unit[j] == place[0]
        assert layout.input[j] == (place[1] if tensor[0] == "W" else -1)


@pytest.mark.parametrize("sizes", [(), (3,), (3, 0), (3, -1, 2), (3, 2.0), (3, "2")], ids=repr)
def test_sizes_that_make_no_network_are_refused(sizes):
    for refused in (lambda: Layout(sizes), lambda: MLP(sizes)):
        with pytest.raises(ValueError, match=r"^sizes = \(.*\): expected at least two positive whole numbers$"):
            refused()


def test_views_of_a_vector_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"^w\.shape = \(2, 12\): expected \(\.\.\., 13\)$"):
        Layout((2, 3, 1)).views(np.zeros((2, 12)))
