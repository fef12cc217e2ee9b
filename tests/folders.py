"""What is in a folder of results."""


def contents(folder):
    """Every file below a folder, those of killed writers included."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
