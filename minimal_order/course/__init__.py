"""Assignments of the book: handed out, checked by students, graded by teachers.

A teacher writes one master file an assignment (``master``). Students get a module and a notebook (``workspace``) and
check them against worked values (``check``). What they hand in is found (``submissions``), run in a process that
receives arrays and returns arrays (``runner``, the only file that student code ever meets; ``process``, ``sandbox``,
``arrays``), compared outside it (``compare``), graded (``grade``) and reported (``report``).
"""

from .master import Case, case

__all__ = ["Case", "case"]
