"""Assignments of the book: handed out, checked by students, graded by teachers.

A teacher writes one master file (``master``) an assignment (``assignment``), which is also a page of the book
(``page``). Students get a module and a notebook (``workspace``) and check them against worked values (``check``). What
they hand in is found (``submissions``), run in a process that receives arrays and returns arrays (``runner``, the only
file that student code ever meets; ``calls``, ``process``, ``sandbox``, ``arrays``), compared outside it (``compare``,
``rules``, ``judging``), graded (``grade``, ``batch``) and reported (``report``).
"""

from .assignment import Case, case

__all__ = ["Case", "case"]
