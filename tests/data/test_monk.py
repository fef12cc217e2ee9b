"""The MONK's problems and the exclusive or against their rules, written out, and their published counts."""

import itertools

import numpy as np
import pytest

from minimal_order.data.loading import available, load
from minimal_order.data.monk import VALUES, attributes, monk1, monk2, monk3, one_hot


def of_rule(number, a1, a2, a3, a4, a5, a6):
    """The rules as published, one object at a time."""
    return {
        1: a1 == a2 or a5 == 1,
        2: [a1, a2, a3, a4, a5, a6].count(1) == 2,
        3: (a5 == 3 and a4 == 1) or (a5 != 4 and a2 != 3),
    }[number]


ALL = list(itertools.product(*(range(1, n + 1) for n in VALUES)))


@pytest.mark.parametrize(("number", "rule", "count"), [(1, monk1, 216), (2, monk2, 142), (3, monk3, 228)])
def test_rules_say_what_is_published(number, rule, count):
    a = attributes()
    assert a.shape == (432, 6) and set(map(tuple, a.tolist())) == set(ALL)
    expected = [of_rule(number, *row) for row in a.tolist()]
    np.testing.assert_array_equal(rule(a), expected)
    assert sum(expected) == count


def test_one_hot_has_one_1_an_attribute():
    X = one_hot(np.array([[1, 3, 2, 1, 4, 2], [3, 1, 1, 2, 1, 1]]))
    assert X.dtype == float
    assert X.astype(int).tolist() == [
        [1, 0, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 1],
        [0, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0],
    ]


@pytest.mark.parametrize(("number", "n_train"), [(1, 124), (2, 169), (3, 122)])
def test_training_part_is_drawn_from_all_without_repetition(number, n_train):
    data = load(f"monk{number}", seed=4)
    assert (data.n_train, data.n_test, data.n_features) == (n_train, 432, 17)
    assert data.task == "binary"
    values = {tuple(x): y for x, y in zip(data.X_test.tolist(), data.y_test, strict=True)}
    assert len(values) == 432
    rows = list(map(tuple, data.X_train.tolist()))
    assert len(set(rows)) == n_train
    wrong = sum(values[x] != y for x, y in zip(rows, data.y_train, strict=True))
    assert wrong == (6 if number == 3 else 0)  # 5 % of 122
    other = load(f"monk{number}", seed=5)
    assert not np.array_equal(other.X_train, data.X_train)
    np.testing.assert_array_equal(other.y_test, data.y_test)
    np.testing.assert_array_equal(load(f"monk{number}", seed=4).X_train, data.X_train)


def test_every_object_is_as_likely_to_train_and_to_be_flipped():
    draws = [load("monk3", seed=seed, n_train=108) for seed in range(200)]
    place = 3 ** np.arange(17)
    index = {value: i for i, value in enumerate((draws[0].X_test @ place).astype(int).tolist())}
    drawn, flipped = np.zeros(432), np.zeros(432)
    for data in draws:
        rows = [index[value] for value in (data.X_train @ place).astype(int).tolist()]
        drawn[rows] += 1
        flipped[rows] += data.y_train != data.y_test[rows]
    assert abs(drawn - 50).max() < 5 * np.sqrt(200 / 4 * 3 / 4)  # a quarter of 200
    assert flipped.sum() == 200 * 5 and flipped.max() <= 12  # Poisson with mean 2.3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n_train": 0}, "n_train = 0: expected a whole number in 1 ... 432"),
        ({"n_train": 433}, "n_train = 433"),
        ({"n_train": 1.5}, "n_train = 1.5"),
        ({"label_noise": -0.1}, "label_noise = -0.1: expected a share"),
        ({"label_noise": float("nan")}, "label_noise = nan"),
        ({"noise": 1}, "option of monk1 = 'noise'"),
    ],
)
def test_wrong_options_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        load("monk1", **options)


def test_xor():
    data = load("xor")
    assert data.X_train.tolist() == data.X_test.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert data.y_train.tolist() == data.y_test.tolist() == [0, 1, 1, 0]


def test_they_are_listed():
    for name in ("monk1", "monk2", "monk3", "xor"):
        data = load(name)
        assert available()[name].n_objects == data.n_train + data.n_test
