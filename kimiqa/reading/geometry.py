"""Rectangles and matrices, as a page's objects have them."""

from __future__ import annotations

Rectangle = tuple[float, float, float, float]
"""Left, bottom, right, top."""
Matrix = tuple[float, float, float, float, float, float]

IDENTITY: Matrix = (1, 0, 0, 1, 0, 0)
ENDLESS: Rectangle = (-1e9, -1e9, 1e9, 1e9)
NOWHERE: Rectangle = (0, 0, 0, 0)


def meet(one: Rectangle, other: Rectangle) -> Rectangle:
    """What two rectangles share."""
    left, bottom = max(one[0], other[0]), max(one[1], other[1])
    return left, bottom, max(left, min(one[2], other[2])), max(bottom, min(one[3], other[3]))


def area(place: Rectangle) -> float:
    return (place[2] - place[0]) * (place[3] - place[1])


def moved(place: Rectangle, matrix: Matrix) -> Rectangle:
    if matrix == IDENTITY:
        return place
    a, b, c, d, e, f = matrix
    left, bottom, right, top = place
    corners = [(x, y) for x in (left, right) for y in (bottom, top)]
    xs = [a * x + c * y + e for x, y in corners]
    ys = [b * x + d * y + f for x, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def times(first: Matrix, then: Matrix) -> Matrix:
    if then == IDENTITY:
        return first
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (
        a * p + b * r,
        a * q + b * s,
        c * p + d * r,
        c * q + d * s,
        e * p + f * r + t,
        e * q + f * s + u,
    )
