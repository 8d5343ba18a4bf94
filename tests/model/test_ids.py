import time

from hypothesis import given
from hypothesis import strategies as st

from coordinator.model.ids import is_uuid7, uuid7


def test_an_id_is_a_uuid_of_version_seven() -> None:
    import uuid

    made = uuid.UUID(uuid7())
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert is_uuid7(str(made))


def test_an_id_carries_the_moment_of_its_making() -> None:
    before = time.time_ns() // 1_000_000
    made = int(uuid7().replace("-", "")[:12], 16)
    assert before <= made <= time.time_ns() // 1_000_000


def test_ids_sort_by_the_moment_of_their_making() -> None:
    ids = []
    for _ in range(200):
        ids.append(uuid7())
        until = time.time_ns() + 1000  # the id tells moments apart down to 250 ns
        while time.time_ns() < until:
            pass
    assert ids == sorted(ids)


def test_ids_are_unique() -> None:
    assert len({uuid7() for _ in range(20_000)}) == 20_000


@given(st.text(max_size=40))
def test_only_the_canonical_form_is_an_id(text: str) -> None:
    assert not is_uuid7(text)
    made = uuid7()
    assert not is_uuid7(made + "\n")
    assert not is_uuid7(made.upper()) or made.upper() == made
    assert not is_uuid7(made[:14] + "4" + made[15:])
