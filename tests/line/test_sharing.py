"""What many share is worked out once."""

from __future__ import annotations

from rostersync.desire.sharing import Shared


class Asked:
    """Sums lengths, and counts how often it was asked."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, things: tuple[str, ...], factor: int = 1) -> int:
        self.times += 1
        return factor * sum(map(len, things))


def test_the_same_things_are_asked_about_once_however_they_are_gathered() -> None:
    asked = Asked()
    shared: Shared[str, int] = Shared(asked, 10)
    one, other = "".join("ab"), "".join("cde")
    assert [shared([one, other]), shared((one, other)), shared([one, other])] == [5, 5, 5]
    assert asked.times == 1


def test_equal_things_are_not_the_same() -> None:
    asked = Asked()
    shared: Shared[str, int] = Shared(asked, 10)
    assert [shared(["".join("ab")]), shared(["".join("ab")])] == [2, 2]
    assert asked.times == 2


def test_further_arguments_are_told_apart_by_what_they_say() -> None:
    asked = Asked()
    shared: Shared[str, int] = Shared(asked, 10)
    word = "".join("ab")
    assert [shared([word], 1), shared([word], 3), shared([word], 3)] == [2, 6, 6]
    assert asked.times == 2


def test_nothing_else_takes_the_place_of_what_is_remembered() -> None:
    shared: Shared[str, int] = Shared(Asked(), 2)
    words = ["x" * length for length in range(1, 50)]
    assert [shared(["x" * length]) for length in range(1, 50)] == [len(word) for word in words]
    assert [shared([word]) for word in words] == [len(word) for word in words]
