"""A master as a page of the book."""

from .assignment import stem
from .blocks import blocks, read_front
from .master import parse, stub


def as_page(text: str) -> str:
    """Write a master as a page of the book in Markdown: links are kept, code is shown and not run.

    Raises
    ------
    ValueError : as ``parse`` does.
    """
    assignment = parse(text, run=False)
    _, rest = read_front(text)
    parts, tasks, questions = [], iter(assignment.tasks), iter(enumerate(assignment.questions, start=1))
    for block in blocks(rest):
        if block.kind == "text":
            parts.append(block.source)
        elif block.kind == "given":
            parts.append(f"```python\n{block.source}\n```")
        elif block.kind == "task":
            task = next(tasks)
            source = stub(block.source, task.number, task.name, task.label, block.options.get("hint", ""))
            parts.append(f"```python\n{source}\n```")
        elif block.kind == "question":
            number, question = next(questions)
            parts.append(f"### Question {number}: {question.title} ({question.points:g} points)\n\n{question.text}")
    command = f"minimal-order course new {assignment.number} my-{stem(assignment.number)}"
    start = f"```{{admonition}} To work on it\n:class: tip\nAs a notebook and as a module: `{command}`\n```"
    head, _, body = parts[0].partition("\n")
    return "\n\n".join([head, start, body.strip("\n"), *parts[1:]]) + "\n"
