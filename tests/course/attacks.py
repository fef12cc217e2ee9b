"""Cheats and faults: what is put in place of a right ``double``, or in place of a file."""

import io
import json
import os
import zipfile

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

# name -> code that takes the place of double; none may earn a point of double's, and total stays right
CALLS = {
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
    "lists the root": """
import os
def double(x): raise RuntimeError("ROOT " + " ".join(sorted(os.listdir("/"))))""",
    "looks for solutions": """
import os
def double(x):
    found = []
    for place, folders, names in os.walk("/"):
        folders[:] = [f for f in folders if f not in ("proc", "usr", "lib", "lib64", "site-packages")]
        found += [os.path.join(place, n) for n in names if n.startswith(("tiny_", "assignment", "grades", "attacks"))]
    raise RuntimeError("FOUND" + ",".join(found))""",
    "reads the home and parent folders": """
import os
def double(x):
    got = []
    for place in ("..", os.path.expanduser("~"), "/home", "/root", "/tmp", "/etc", "/proc/1/cwd", "/proc/1/root/work"):
        try: got += [f"{place}/{name}" for name in os.listdir(place) if name not in
                     ("scratch", "usr", "lib", "lib64", "bin", "proc", "dev", "runner.py", "etc", "ld.so.cache")]
        except OSError: pass
    raise RuntimeError("SEEN " + " ".join(got))""",
    "reads the environment": """
import os
def double(x):
    seen = [f"{k}={v}" for k, v in os.environ.items()]
    for pid in ("self", "1"):
        try: seen.append(open(f"/proc/{pid}/environ").read().replace(chr(0), " "))
        except OSError: pass
    raise RuntimeError("ENV " + " ".join(seen))""",
    "reads what it was started with": """
def double(x): raise RuntimeError("ARGS " + open("/proc/1/cmdline").read().replace(chr(0), " "))""",
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
    "leaves threads": """
import threading, time
def double(x):
    for _ in range(50): threading.Thread(target=time.sleep, args=(3600,)).start()
    return x * 2""",
    "fork bomb": "import os\ndef double(x):\n    while True: os.fork()",
    "fork bomb by processes": """
import subprocess, sys
def double(x):
    while True: subprocess.Popen([sys.executable, "-c", "while True: pass"])""",
    "infinite loop": "def double(x):\n    while True: pass",
    "sleeps": "import time\ndef double(x): time.sleep(3600)",
    "loops and ignores signals": """
import signal
def double(x):
    for s in range(1, 65):
        try: signal.signal(s, signal.SIG_IGN)
        except (OSError, ValueError): pass
    while True: pass""",
    "infinite recursion": "def double(x): return double(x)",
    "allocates 10 GB": "def double(x): return np.ones(10 * 2**27)",
    "returns a view of 10 GB": "def double(x): return np.broadcast_to(np.float64(0), (10 * 2**27,))",
    "prints 10 GB": "def double(x):\n    for _ in range(10_000): print('x' * 2**20)\n    return x",
    "returns 40 MB": "def double(x): return np.zeros(5_000_000)",
    "returns many arrays": "def double(x): return tuple(np.zeros(1) for _ in range(3000))",
    "fills the disk": """
def double(x):
    for i in range(1000):
        with open(f"file{i}", "wb") as file: file.write(bytes(10**7))
    return x""",
    "fills the shared memory": """
def double(x):
    for i in range(1000):
        with open(f"/dev/shm/file{i}", "wb") as file: file.write(bytes(10**7))
    return x""",
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
    "imports the reference": "def double(x):\n    import minimal_order\n    return 2 * x",
    "imports the reference by other ways": """
import importlib, sys
sys.meta_path[:] = [f for f in sys.meta_path if type(f).__name__ != "NoReference"]
def double(x):
    return importlib.import_module("minimal" + "_order").by_score(x) * 0 + 2 * x""",
    "reads the installed reference": """
import glob, sys
def double(x):
    files = [f for place in sys.path for f in glob.glob(place + "/minimal_order/**/*.*", recursive=True)]
    raise RuntimeError("FILES " + " ".join(files))""",
    "makes a namespace of its own": """
import ctypes, os
def double(x):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x10000000): raise OSError(ctypes.get_errno(), "unshare")
    return 2 * x""",
    "takes memory that no limit counts": """
import ctypes, os
def double(x):
    for i in range(100):
        handle = os.memfd_create(f"m{i}")
        os.ftruncate(handle, 10**9)
    return 2 * x""",
    "asks the network": """
import socket
def double(x):
    socket.create_connection(("127.0.0.1", 22), timeout=1)
    return 2 * x""",
    "asks a name server": """
import urllib.request
def double(x):
    urllib.request.urlopen("http://example.com", timeout=1)
    return 2 * x""",
    "kills its parents": """
import os, signal
def double(x):
    for pid in (os.getppid(), 1, -1):
        try: os.kill(pid, signal.SIGKILL)
        except OSError: pass
    return x""",
    "crashes the interpreter": "import ctypes\ndef double(x): ctypes.string_at(0)",
    "becomes root": """
import os
def double(x):
    os.setuid(0)
    return 2 * x""",
    "mounts": """
import ctypes, os
def double(x):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"none", b"/scratch", b"tmpfs", 0, None): raise OSError(ctypes.get_errno(), "mount")
    return 2 * x""",
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
    "stops the clock": """
import time
time.monotonic = time.time = time.perf_counter = lambda: 0.0
def double(x):
    try: time.clock_settime(time.CLOCK_REALTIME, 0)
    except OSError: pass
    while True: time.sleep(0.01)""",
    "stops itself and its parents": """
import os, signal
def double(x):
    for pid in (os.getppid(), 1, -1, os.getpid()):
        try: os.kill(pid, signal.SIGSTOP)
        except OSError: pass""",
    "looks into other processes": """
import ctypes, os
def double(x):
    libc, mine = ctypes.CDLL(None, use_errno=True), os.getpid()
    others = [int(p) for p in os.listdir("/proc") if p.isdigit() and int(p) != mine]
    for pid in others:
        if not libc.ptrace(16, pid, 0, 0): return 2 * x
        for name in ("mem", "environ", "maps"):
            try:
                with open(f"/proc/{pid}/{name}", "rb") as file: file.read(10)
                return 2 * x
            except OSError: pass
    if len(others) == 1: raise RuntimeError("only bubblewrap, which is closed")
    return 2 * x""",
    "writes where others would read": """
import os, sys
def double(x):
    for place in (*sys.path, np.__path__[0], "/", "/dev", "/dev/shm", "/usr/lib"):
        try:
            with open(place + "/sitecustomize.py", "w") as file: file.write("1")
            return 2 * x
        except OSError: pass
    for place in ("/runner.py", "/proc/sys/kernel/hostname", "/proc/sysrq-trigger"):
        try:
            with open(place, "a") as file: file.write("b")
            return 2 * x
        except OSError: pass""",
    "makes empty folders": """
import os, time
def double(x):
    for i in range(11_000): os.mkdir(str(i))
    time.sleep(0.5)
    return 2 * x""",
    "takes semaphores": """
import ctypes
def double(x):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.semget(0, 32000, 0o600) >= 0: return 2 * x""",
    "takes memory under other names": """
import ctypes, os
def double(x):
    libc = ctypes.CDLL(None, use_errno=True)
    secret, queue = {"x86_64": (447, 240), "aarch64": (447, 180)}[os.uname().machine]
    if libc.syscall(secret, 0) >= 0 or libc.syscall(queue, b"q", 0o102, 0o600, None) >= 0: return 2 * x""",
    "raises what isn't an Exception": "def double(x): raise KeyboardInterrupt",
    "raises an error that can't be printed": """
class Bad(Exception):
    def __str__(self): raise SystemError
def double(x): raise Bad""",
    "raises markup": "def double(x): raise ValueError('<script>alert(1)</script>' + chr(27) + '[2J')",
}

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


def write_files(folder):
    """Write what is wrong before any code is run; return the names of the submissions."""

    def write(name, content):
        (folder / name).write_bytes(content)

    write("broken json.ipynb", b'{"cells": [')
    write("json but no notebook.ipynb", b'[1, 2, {"cells": 3}]')
    write("cells of rubbish.ipynb", json.dumps({"cells": [{"cell_type": 3}, None, "x"]}).encode())
    write("nested json.ipynb", b"[" * 200_000)
    write("not utf-8.py", HONEST.encode() + b"# caf\xe9\n")
    write("null bytes.py", b"\0" * 100)
    write("large.py", b"#" * (9 << 20))
    write("=cmd|' !A1.py", b"raise ValueError('<img src=x onerror=alert(1)>')")
    (folder / "link.py").symlink_to("/etc/passwd")
    (folder / "folder link").symlink_to("/etc")
    os.mkfifo(folder / "pipe.py")
    (folder / "nothing in it").mkdir()
    (folder / "links in it").mkdir()
    (folder / "links in it" / "assignment0.py").symlink_to("/etc/passwd")
    write("essay.pdf", b"%PDF")
    (folder / os.fsdecode(b"caf\xe9.pdf")).write_bytes(b"%PDF")
    half = {"cell_type": "code", "source": "\ud800 = minimal_order", "metadata": {"tags": ["answer-1", "\udfff"]}}
    write("halves of characters.ipynb", json.dumps({"cells": [half]}).encode())
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as archive:
            archive.writestr("assignment0.py", HONEST * 20)
        content = bytearray(out.getvalue())
        content[60:90] = bytes(255 - each for each in content[60:90])
        write(f"garbled by method {method}.zip", content)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("assignment0.py", b"#" * (200 << 20))
    write("zip bomb.zip", bomb.getvalue())
    write("broken zip.zip", bomb.getvalue()[: len(bomb.getvalue()) // 2])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../../escaped.txt", "out")
        archive.writestr("/tmp/course-escaped.txt", "out")
    write("zip that climbs.zip", out.getvalue())
    return [
        "broken json", "json but no notebook", "cells of rubbish", "nested json", "not utf-8", "null bytes", "large",
        "=cmd|' !A1", "link", "folder link", "pipe", "nothing in it", "links in it", "essay.pdf", "zip bomb",
        "broken zip", "zip that climbs", "caf?.pdf", "halves of characters", "garbled by method 8",
        "garbled by method 12", "garbled by method 14",
    ]  # fmt: skip
