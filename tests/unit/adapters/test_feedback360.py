"""Feedback: nobody who answered can be told from a record."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.feedback360.groups import GROUPS
from adapters.kit import Canonical, MessageContext
from adapters.kit.registry import load
from signing.jsontext import render

FEEDBACK = load("feedback360")
MESSAGE = MessageContext("SYSTEM-1", "CONTOH", "CODE-1", 0)
ANSWERS = st.lists(
    st.tuples(
        st.sampled_from(sorted(GROUPS)),
        st.dictionaries(st.sampled_from(["sikap", "hasil"]), st.integers(0, 100), min_size=1, max_size=2),
    ),
    min_size=1,
    max_size=14,
)


def survey(answers: list[tuple[str, dict[str, int]]], **more: Any) -> dict[str, Any]:
    """A survey about one employee; each answer has a rater's number and words that must not get through."""
    about = {
        "id": "F-1",
        "nip": "190001011999012001",
        "tanggapan": [
            {"kelompok": group, "penilai": f"penilai-{n}", "nilai": marks, "komentar": f"kata {n}"}
            for n, (group, marks) in enumerate(answers)
        ],
    }
    return {
        "dari": "2026-01-01",
        "sampai": "2026-12-31",
        "skala": {"terburuk": 0, "terbaik": 100, "sumber": "Survei contoh"},
        "formula": {"id": "feedback-contoh", "version": "1"},
        "penilaian": [about | more],
    }


def read(answers: list[tuple[str, dict[str, int]]], **more: Any) -> dict[str, Any]:
    [item] = FEEDBACK.translate("feedback", survey(answers, **more), MESSAGE)
    assert isinstance(item, Canonical)
    return item.value


@given(ANSWERS)
def test_no_rater_and_no_word_of_theirs_is_in_a_record(answers: list[tuple[str, dict[str, int]]]) -> None:
    """Neither numbers of raters nor what they wrote is anywhere in it."""
    text = render(read(answers))
    assert b"penilai" not in text
    assert b"kata" not in text


@given(ANSWERS, st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_show(answers: list[tuple[str, dict[str, int]]], random: Any) -> None:
    """The same answers in another order give the same record."""
    mixed = [*answers]
    random.shuffle(mixed)
    assert read(answers) == read(mixed)


@given(ANSWERS)
def test_marks_of_few_are_withheld_and_those_of_enough_are_means(answers: list[tuple[str, dict[str, int]]]) -> None:
    """Of fewer than three raters no mark leaves; of three and more the mean does. Everybody is counted."""
    value = read(answers)
    assert sum(group["raters"] for group in value["groups"]) == len(answers)
    for group in value["groups"]:
        given_marks: dict[str, list[int]] = {}
        for kind, marks in answers:
            if GROUPS[kind] == group["group"]:
                for aspect, mark in marks.items():
                    given_marks.setdefault(aspect, []).append(mark)
        shown = {mark["aspect"]: Decimal(mark["value"]) for mark in group["marks"]}
        assert set(shown) == {aspect for aspect, marks in given_marks.items() if len(marks) >= 3}
        assert all(abs(mean * len(given_marks[a]) - sum(given_marks[a])) < 1 for a, mean in shown.items())
        assert group["withheld"] == (len(shown) < len(given_marks))


def test_an_overall_mark_does_not_give_a_withheld_group_away() -> None:
    """With three of four groups shown, the overall mark would tell the mean of the fourth: it is left out."""
    groups = [(kind, {"sikap": 60}) for kind in ("rekan", "bawahan", "publik") for _ in range(3)]
    value = read([*groups, ("atasan", {"sikap": 90})], nilaiAkhir="72")
    assert value["overall"] is None
    assert value["formula"] is None
    whole = read([*groups, *[("atasan", {"sikap": 90})] * 3], nilaiAkhir="72")
    assert whole["overall"]["value"] == "72"
    assert whole["formula"]["status"] == "draft"
