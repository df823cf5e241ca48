"""A figure once it is drawn: bytes and words, without what drew them.

It stands apart from the drawing so that whoever only places pictures on a page need not wait for
the library that draws them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Picture:
    """A figure as bytes in both formats, with the words that go with it."""

    name: str
    title: str
    caption: str
    alt: str  # what a reader who cannot see it is told
    png: bytes
    svg: bytes
