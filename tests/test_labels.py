"""Each equation label stands in the book, in one function of the package and in a test."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
_spec = importlib.util.spec_from_file_location("labels", ROOT / "book" / "_ext" / "labels.py")
labels = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(labels)

TOC = "format: jb-book\nroot: intro\nchapters:\n  - file: rank\n"
INTRO = "# Intro\n"
PAGE = """\
# Ranks

See {eq}`eq:rank`.

````{note}
```{eqcode} toy.masks.rank_of toy.masks.table
:label: eq:rank
r_{J_i} = i
```
````

````markdown
```{eqcode} toy.masks.missing
:label: eq:only-an-example
```
```{eqcode} toy.masks.missing
:label: eq:still-an-example
```
````

````{code-cell} ipython3
```{eqcode} toy.masks.missing
:label: eq:another-example
```
````

```python
":label: eq:neither-is-this"
```
"""
PACKAGE = '''\
"""A module may speak of eq:rank and eq:freeze-mask."""


class Masks:
    """Masks."""

    def freeze(self, k):
        """`eq:freeze-mask`, ``alpha``."""
        return k


table: dict = {
    "rank": 1,
}


@staticmethod
def rank_of(order):
    """`eq:rank` the inverse of an order; compare eq:freeze-mask.

    Source: nobody.
    """

    # fmt: off
    rank = order
    # fmt: on
    return rank  # type: ignore[no-any-return]
'''
TESTS = '''\
def oracle():
    """eq:no-test"""


class TestMasks:
    def test_freeze(self):
        """eq:freeze-mask by hand."""


def test_rank():
    """eq:rank of the paper's example"""
'''


@pytest.fixture
def tree(tmp_path):
    """A small repository: its root, with a book, a package and tests."""

    def plant(page=PAGE, package=PACKAGE, tests=TESTS):
        files = {
            "book/_toc.yml": TOC,
            "book/intro.md": INTRO,
            "book/rank.md": page,
            "toy/__init__.py": "",
            "toy/masks.py": package,
            "tests/test_masks.py": tests,
            "tests/benchmarks/test_speed.py": 'def test_fast():\n    """eq:speed"""\n',
        }
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf8")
        return tmp_path

    return plant


def walk(root):
    package = root / ("minimal_order" if root == ROOT else "toy")
    walks = labels.walk_package(package), labels.walk_tests(root / "tests"), labels.walk_mentions(package)
    return (labels.walk_book(root / "book"), *walks)


def test_walk_finds_each_label_where_it_stands(tree):
    book, package, tests, _ = walk(tree())
    assert {label: [str(p) for p in places] for label, places in book.items()} == {
        "eq:rank": ["book/rank.md:6 (toy.masks.rank_of)"]
    }
    assert {label: [p.name for p in places] for label, places in package.items()} == {
        "eq:freeze-mask": ["toy.masks.Masks.freeze"],
        "eq:rank": ["toy.masks.rank_of"],
    }
    assert {label: [p.name for p in places] for label, places in tests.items()} == {
        "eq:freeze-mask": ["tests/test_masks.py::TestMasks::test_freeze"],
        "eq:rank": ["tests/test_masks.py::test_rank"],
    }


def test_complete_tree_has_no_problems(tree):
    page = PAGE + "\n```{eqcode} toy.masks.Masks.freeze\n:label: eq:freeze-mask\nk\n```\n"
    assert labels.problems(*walk(tree(page))) == []


ONE = {"package": PACKAGE.replace("eq:freeze-mask", ""), "tests": TESTS.replace("eq:freeze-mask", "")}


def test_one_label_in_all_three_places_is_no_problem(tree):
    assert labels.problems(*walk(tree(**ONE))) == []


MATH = "\n```{{math}}\n:label: {}\nx\n```\n"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"page": INTRO}, ["eq:rank: shown on no page"]),
        ({"tests": "def test_rank():\n    pass\n"}, ["eq:rank: in no test's"]),
        ({"package": ONE["package"].replace("`eq:rank` the", "the `eq:rank`")}, ["eq:rank: no docstring"]),
        (
            {"package": PACKAGE.replace("eq:freeze-mask", "eq:rank")},
            ["eq:rank: implemented by 2 functions"],
        ),
        ({"package": ONE["package"] + "# eq:rnak"}, ["eq:rnak: spoken of in toy/masks.py:28"]),
        ({"page": PAGE.replace("rank_of", "other", 1)}, ["eq:rank: book/rank.md:6 (toy.masks.other) shows"]),
        ({"page": PAGE + MATH.format("eq:rank")}, ["eq:rank: shown in 2 places"]),
        ({"page": PAGE + MATH.format("eq:loss")}, ["eq:loss: no docstring", "eq:loss: in no test's"]),
    ],
    ids=["page", "test", "function", "two functions", "misspelt", "other code", "two places", "no code"],
)
def test_problems_say_what_is_missing(tree, changed, said):
    found = labels.problems(*walk(tree(**ONE | changed)))
    assert [sentence[: len(start)] for sentence, start in zip(found, said, strict=True)] == said


def test_object_is_cut_out_without_its_docstring(tree):
    root = tree()
    source = labels.find_object("toy.masks.rank_of", root)
    assert source.code == "@staticmethod\ndef rank_of(order):\n    rank = order\n    return rank"
    assert source.docstring == "`eq:rank` the inverse of an order; compare eq:freeze-mask.\n\nSource: nobody."
    assert (source.path, source.first, source.last) == ("toy/masks.py", 17, 27)
    assert labels.find_object("toy.masks.Masks.freeze", root).code == "def freeze(self, k):\n    return k"
    assert labels.find_object("toy.masks.table", root).code == 'table: dict = {\n    "rank": 1,\n}'


@pytest.mark.parametrize(
    ("dotted", "said"),
    [
        ("toy.masks.rank_off", "toy.masks has no 'rank_off'; nearest: rank_of"),
        ("toy.masks.Masks.freez", "toy.masks.Masks has no 'freez'; nearest: freeze"),
        ("nothing.masks.rank_of", "no such module"),
    ],
)
def test_missing_object_is_named_with_the_nearest(tree, dotted, said):
    with pytest.raises(LookupError, match=said):
        labels.find_object(dotted, tree())


def test_every_equation_stands_in_book_package_and_tests():
    found = labels.problems(*walk(ROOT))
    assert not found, "\n" + "\n".join(found)


# fmt: off
EQUATIONS = {
    "models and losses": "network loss squared-error cross-entropy logistic accuracy",
    "the order and freezing": """
        covariance-update covariance-exact covariance-batch linear-gradient-variance order rank freeze-mask
        masked-update freeze-and-prune alpha-hat stability step-cost feature-order""",
    "selection": """
        gradient-operator joint-selection accumulated-gradient magnitude preconditioner preconditioned-step
        preconditioned-gradient sgld psgld""",
    "relevance": """
        active-set likelihood evidence structure-selection kl random-order taylor obd obs variational-relevance
        belsley-decomposition condition-index variance-proportion noise-propagation noise-first-order""",
    "hypernetworks": """
        objective-variational objective-prior objective-penalty hypernet-linear hypernet-piecewise""",
}
"""What the five documents have, by part: an equation that vanished from book, package and tests at once is missed."""
# fmt: on


@pytest.mark.parametrize("part", EQUATIONS)
def test_no_equation_of_the_documents_is_forgotten(part):
    book, package, tests, _ = walk(ROOT)
    named = [f"eq:{name}" for name in EQUATIONS[part].split()]
    where = {"book": book, "package": package, "tests": tests}
    assert not [f"{label}: not in {name}" for label in named for name, there in where.items() if label not in there]
