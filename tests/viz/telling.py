"""Pictures as lines of words, short enough to be read in a test."""


def tell(picture):
    """One line per group, box and arrow, in drawing order."""
    groups = [f"[{group.id}] {group.label}" + (f" in {group.parent}" if group.parent else "") for group in picture.groups]
    boxes = [f"{box.id}: {_rows(box)}" + (f" in {box.group}" if box.group else "") for box in picture.boxes]
    arrows = [f"{a.tail} -> {a.head}" + (f" {_line(a.label)}" if a.label else "") for a in picture.arrows]
    return "\n".join([*groups, *boxes, *arrows])


def texts(picture):
    """What stands in each box, by id."""
    return {box.id: _rows(box) for box in picture.boxes}


def _rows(box):
    return " | ".join(" ".join(map(_line, row)) for row in box.rows)


def _line(text):
    return text.replace("\n", " / ")
