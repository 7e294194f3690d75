"""Which rank every box lies on: arrows lead to higher ranks, and no box floats far from those that use it.

Source: Gansner, Koutsofios, North & Vo (1993), "A technique for drawing directed graphs", section 2. They
solve the ranking exactly with a network simplex; longest path and one pass of tightening are near enough.
"""

from __future__ import annotations

from viz.diagram import Picture

Link = tuple[int, int]


def cost(picture: Picture) -> int:
    """Boxes plus the bends of long arrows: what a layered layout has to put in order."""
    number = {box.id: i for i, box in enumerate(picture.boxes)}
    links = [(number[arrow.tail], number[arrow.head]) for arrow in picture.arrows]
    rank = ranks(len(number), [link for link, arrow in zip(links, picture.arrows) if not arrow.backward])
    return len(number) + sum(max(abs(rank[head] - rank[tail]) - 1, 0) for tail, head in links)


def ranks(count: int, links: list[Link], step: int = 1) -> list[int]:
    """Rank of each of `count` boxes; every link spans at least `step` ranks. A link that closes a circle goes up."""
    order = topological(count, links)
    heads, tails = _downward(order, links)
    rank = [0] * count
    for box in order:
        for head in heads[box]:
            rank[head] = max(rank[head], rank[box] + step)
    for box in reversed(order):
        if heads[box] and len(tails[box]) <= len(heads[box]):  # sinking makes its arrows shorter in sum
            rank[box] = min(rank[head] for head in heads[box]) - step
    return rank


def topological(count: int, links: list[Link]) -> list[int]:
    """Boxes so that links lead forward; a circle is entered at its box that comes first in drawing order."""
    heads: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for tail, head in links:
        heads[tail].append(head)
        waiting[head] += 1
    order: list[int] = []
    done = [False] * count
    for first in [*(box for box in range(count) if not waiting[box]), *range(count)]:
        _release(first, heads, waiting, done, order)
    return order


def _release(first: int, heads: list[list[int]], waiting: list[int], done: list[bool], order: list[int]) -> None:
    """Append `first` and whatever waited for it alone."""
    ready = [] if done[first] else [first]
    while ready:
        box = ready.pop()
        done[box] = True
        order.append(box)
        for head in heads[box]:
            waiting[head] -= 1
            if not waiting[head] and not done[head]:
                ready.append(head)


def _downward(order: list[int], links: list[Link]) -> tuple[list[list[int]], list[list[int]]]:
    """Heads and tails of every box, the links that lead backward in `order` turned round."""
    at = {box: i for i, box in enumerate(order)}
    heads: list[list[int]] = [[] for _ in order]
    tails: list[list[int]] = [[] for _ in order]
    for link in links:
        tail, head = sorted(link, key=at.__getitem__)
        if tail != head:
            heads[tail].append(head)
            tails[head].append(tail)
    return heads, tails
