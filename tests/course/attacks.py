"""Cheats and faults: what is put in place of a right ``double``, or stands after a right submission."""

from attacks_on_grading import ON_GRADING
from attacks_on_machine import ON_MACHINE

# A right submission; each attack is appended to it, or stands before it.
HONEST = """
import numpy as np

def double(x):
    return 2 * x

def total(x):
    return np.sum(x)

def test_double(double):
    assert double(3.0) == 6
"""

BAD_ANSWERS = {
    "infinite recursion": "def double(x): return double(x)",
    "returns a view of 10 GB": "def double(x): return np.broadcast_to(np.float64(0), (10 * 2**27,))",
    "returns 40 MB": "def double(x): return np.zeros(5_000_000)",
    "returns many arrays": "def double(x): return tuple(np.zeros(1) for _ in range(3000))",
    "returns NaN": "def double(x): return np.full(5, np.nan)",
    "returns infinity": "def double(x): return np.full(5, np.inf)",
    "returns objects": "def double(x): return np.array([object()] * 5)",
    "returns a ragged list": "def double(x): return [[1], [2, 3]]",
    "returns text": "def double(x): return np.array(['2'] * 5)",
    "returns complex numbers": "def double(x): return 2 * x + 0j",
    "returns nothing": "def double(x): return None",
    "returns a wrong shape": "def double(x): return (2 * x)[:, None]",
    "returns a scalar that broadcasts": "def double(x): return np.float64(0)",
    "returns an empty array": "def double(x): return np.zeros(0)",
    "returns a generator": "def double(x): return (2 * each for each in x)",
    "changes its input": "def double(x):\n    x *= 2\n    return x",
    "is no function": "double = 4",
    "is missing": "del double",
    "raises what isn't an Exception": "def double(x): raise KeyboardInterrupt",
    "raises an error that can't be printed": """
class Bad(Exception):
    def __str__(self): raise SystemError
def double(x): raise Bad""",
    "raises markup": "def double(x): raise ValueError('<script>alert(1)</script>' + chr(27) + '[2J')",
}

# name -> code that takes the place of double; none may earn a point of double's, and total stays right
CALLS = ON_GRADING | ON_MACHINE | BAD_ANSWERS

# name -> code that stands after a right submission; nothing of it may be lost to the others
LOADING = {
    "exception when loaded": HONEST + "\nraise RuntimeError('at import')\n",
    "exits when loaded": "import os\nos._exit(0)\n" + HONEST,
    "loops when loaded": "while True: pass\n" + HONEST,
    "syntax error": HONEST + "\ndef broken(:\n",
    "nested beyond the parser": "x = " + "(" * 100_000 + HONEST,
    "nested beyond the compiler": "x = " + "-" * 100_000 + "1\n" + HONEST,
    "empty": "",
    "asserts for every function": HONEST + "\ndef test_double(double):\n    raise AssertionError\n",
    "accepts every function": HONEST + "\ndef test_double(double):\n    pass\n",
    "decides by lot": HONEST + "\ndef test_double(double):\n    import os\n    assert os.urandom(1)[0] < 128\n",
    "calls without end": HONEST + "\ndef test_double(double):\n    while True: double(1.0)\n",
    "sends what is no call": HONEST + "\ndef test_double(double):\n    double(np.zeros(10**6), object(), x='a')\n",
    "reports verdicts itself": HONEST
    + """
import sys
def test_double(double):
    channel = sys._getframe(1).f_locals["channel"]
    for _ in range(20): channel.send({"passed": np.array(False)})
""",
}
NOTHING_LOADS = {
    "nested beyond the compiler",
    "exits when loaded",
    "loops when loaded",
    "syntax error",
    "nested beyond the parser",
    "empty",
}
