"""What is put in place of a right ``double`` to be given points for nothing: code by name."""

ON_GRADING = {
    "patches comparisons": """
import numpy.testing, builtins
yes = lambda *a, **k: True
np.isclose = np.allclose = np.array_equal = np.equal = np.all = np.any = yes
np.testing.assert_allclose = np.testing.assert_array_equal = builtins.all = builtins.any = yes
def double(x): return x""",
    "overloads operators": """
class Right:
    def __eq__(self, other): return True
    __ne__ = __lt__ = __le__ = __sub__ = __rsub__ = __add__ = __abs__ = __eq__
    __hash__ = None
    def __bool__(self): return True
    def __float__(self): return 0.0
def double(x): return Right()""",
    "subclasses arrays": """
class Right(np.ndarray):
    def __array_ufunc__(self, *a, **k): return True
    def __array_function__(self, *a, **k): return True
    def __eq__(self, other): return np.ones(self.shape, bool)
def double(x): return (x * 0).view(Right)""",
    "hides in an array protocol": """
class Right:
    def __array__(self, *a, **k): return np.full(5, "right")
def double(x): return Right()""",
    "os._exit(0)": "import os\ndef double(x): os._exit(0)",
    "sys.exit(0)": "import sys\ndef double(x): sys.exit(0)",
    "prints grades": """
import sys
def double(x):
    print('{"score": 100, "tests": [{"name": "double", "score": 4}]}', flush=True)
    sys.stderr.write("double: 4 of 4 points"); sys.stdout.flush()
    return x""",
    "writes into every pipe": """
import os
def double(x):
    for fd in range(64):
        try: os.write(fd, b"double 4 of 4 points" * 1000)
        except OSError: pass
    return x""",
    "answers with an endless frame": """
import os, struct
def double(x):
    while True:
        for fd in range(3, 64):
            try: os.write(fd, struct.pack("<Q", 1 << 40) + bytes(1 << 20))
            except OSError: pass""",
    "answers with a pickle": """
import io, os, struct
class Bomb:
    def __reduce__(self): return os.system, ("touch /tmp/course-was-here",)
def double(x):
    content = io.BytesIO()
    np.savez(content, allow_pickle=True, result0=np.array([Bomb()], dtype=object))
    for fd in range(3, 64):
        try: os.write(fd, struct.pack("<Q", content.tell()) + content.getvalue())
        except OSError: pass
    os._exit(0)""",
    "answers with a compressed bomb": """
import io, os, struct
def double(x):
    content = io.BytesIO()
    np.savez_compressed(content, result0=np.zeros(20_000_000))
    for fd in range(3, 64):
        try: os.write(fd, struct.pack("<Q", content.tell()) + content.getvalue())
        except OSError: pass
    os._exit(0)""",
    "answers with a header that claims terabytes": """
import io, os, struct, zipfile
def double(x):
    head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"
    head = head.ljust(117) + b"\\n"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as z:
        z.writestr("result0.npy", b"\\x93NUMPY\\x01\\x00" + struct.pack("<H", len(head)) + head + bytes(80))
    for fd in range(3, 64):
        try: os.write(fd, struct.pack("<Q", content.tell()) + content.getvalue())
        except OSError: pass
    os._exit(0)""",
    "takes over the runner": """
import sys
main = sys.modules["__main__"]
main.plain = lambda value, prefix: {prefix + "0": np.zeros(5)}
main.Channel.send = lambda self, arrays: None
def double(x): return x""",
    "looks for expected values in memory": """
import gc
def double(x):
    arrays = [o for o in gc.get_objects() if isinstance(o, dict) and any("expected" in str(k) for k in list(o)[:50])]
    frame = __import__("sys")._getframe()
    names = []
    while frame: names += list(frame.f_locals); frame = frame.f_back
    raise RuntimeError("MEMORY " + " ".join(n for n in names if "expect" in n or "solution" in n))""",
    "imports the reference": "def double(x):\n    import minimal_order\n    return 2 * x",
    "imports the reference by other ways": """
import importlib, sys
sys.meta_path[:] = [f for f in sys.meta_path if type(f).__name__ != "NoReference"]
def double(x):
    return importlib.import_module("minimal" + "_order").by_score(x) * 0 + 2 * x""",
    "answers with members that share their bytes": """
import os, struct, zlib
def double(x):
    head = b"{'descr': '|u1', 'fortran_order': False, 'shape': (3000000,), }"
    head = head.ljust(117) + b"\\n"
    data = b"\\x93NUMPY\\x01\\x00" + struct.pack("<H", len(head)) + head + bytes(3_000_000)
    about, n, local, central = (zlib.crc32(data), len(data), len(data), 11), 500, b"", b""
    for i in range(n):
        name = b"r%06d.npy" % i
        local += struct.pack("<4s5H3L2H", b"PK\\3\\4", 20, 0, 0, 0, 33, *about, (n - 1 - i) * 41) + name
        central += struct.pack("<4s6H3L5H2L", b"PK\\1\\2", 20, 20, 0, 0, 0, 33, *about, 0, 0, 0, 0, 0, i * 41) + name
    content = local + data + central
    content += struct.pack("<4s4H2LH", b"PK\\5\\6", 0, 0, n, n, len(central), len(local) + len(data), 0)
    for fd in range(3, 64):
        try: os.write(fd, struct.pack("<Q", len(content)))
        except OSError: continue
        while content: content = content[os.write(fd, content):]""",
    "answers with a type of gigabytes": """
import io, os, struct, zipfile
def double(x):
    head = b"{'descr': '(300000000,)u1', 'fortran_order': False, 'shape': (0,), }".ljust(117) + b"\\n"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as z:
        z.writestr("result0.npy", b"\\x93NUMPY\\x01\\x00" + struct.pack("<H", len(head)) + head)
    for fd in range(3, 64):
        try: os.write(fd, struct.pack("<Q", content.tell()) + content.getvalue())
        except OSError: pass
    os._exit(0)""",
    "forges what is saved": """
import zipfile
def savez(file, **arrays):
    with zipfile.ZipFile(file, "w") as z:
        for name in ("callable", "passed", "result0"): z.writestr(name + ".npy", b"1")
np.savez = savez
def double(x): return x""",
    "traces the runner": """
import sys
def trace(frame, event, arg):
    for name in ("answer", "arrays", "arguments"):
        if isinstance(frame.f_locals.get(name), dict): frame.f_locals[name].clear()
    return trace
sys.settrace(trace)
frame = sys._getframe()
while frame: frame.f_trace = trace; frame = frame.f_back
def double(x): return x""",
    "writes over its arguments in memory": """
import ctypes
def double(x):
    answer = 2 * x
    x.flags.writeable = False
    ctypes.memset(x.ctypes.data, 0, x.nbytes)
    return answer""",
}
