"""What is put in place of a right ``double`` to look around the machine, to harm it or to stop it: code by name."""

ON_MACHINE = {
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
    "allocates 10 GB": "def double(x): return np.ones(10 * 2**27)",
    "prints 10 GB": "def double(x):\n    for _ in range(10_000): print('x' * 2**20)\n    return x",
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
}
