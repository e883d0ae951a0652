"""What goes out and comes back is the same; what is damaged is refused and never raises anything else."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.adk_tukin import file
from adapters.kit import AdapterError, Canonical, DeviceContext, MessageContext
from adapters.kit.attached import unwrap, wrap
from adapters.kit.clock import clock_of, format_offset, parse_time_zone
from adapters.kit.registry import load
from adapters.zkteco_adms.lines import lines, natural_key
from schemas.contracts import checker
from tests.soak import rounds

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=30)
CODE = st.text("0123456789ABC", min_size=1, max_size=12)
PUNCH = checker("attendance.punch")


@st.composite
def adk_rows(draw: st.DrawFn) -> file.Row:
    gross = draw(st.integers(0, 10**9))
    cut = draw(st.integers(0, gross))
    year, month = draw(st.integers(1000, 2998)), draw(st.integers(1, 12))
    paid = f"{year}-{month:02d}"
    earned = file.month_before(paid) if paid > "1000-01" else "1000-01"
    paid = paid if paid > "1000-01" else "1000-02"
    return file.Row(
        draw(CODE), paid, draw(CODE), draw(TEXT), draw(TEXT), draw(st.integers(1, 17)), gross, cut, gross - cut,
        draw(CODE), draw(TEXT), draw(CODE), draw(TEXT), earned, earned, draw(st.integers(1, 3)), draw(TEXT), draw(TEXT),
    )  # fmt: skip


@given(st.lists(adk_rows(), max_size=8))
def test_adk_file_round_trip(rows: list[file.Row]) -> None:
    """`parse` gives back what `render` was given, and its totals."""
    assert file.parse(file.render(rows)) == (rows, file.totals(rows))


@given(st.binary(max_size=300))
def test_adk_parse_refuses_or_round_trips(content: bytes) -> None:
    """Any bytes are refused, or are exactly what `render` writes."""
    try:
        rows, _ = file.parse(content)
    except AdapterError:
        return
    assert file.render(rows) == content


@given(st.binary(max_size=300), st.text("abc.", max_size=5))
def test_attached_file_round_trip(content: bytes, name: str) -> None:
    """`unwrap` gives back what was wrapped."""
    assert unwrap(wrap(f"f{name}", content)) == content


@given(st.integers(-840, 840))
def test_offset_round_trip(minutes: int) -> None:
    """An offset written as +hh:mm is read as itself."""
    assert parse_time_zone(format_offset(minutes)) == minutes


@settings(max_examples=rounds(200))
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.from_regex(
                rb"[0-9]{1,4}\t[0-9]{4}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]\t[0-5]\t1", fullmatch=True
            ),
            st.from_regex(rb"[0-9]{1,4}\t[0-9]{9,10}\t[0-5]?\t[0-9]{0,5}(\t[ -~]*){0,7}", fullmatch=True),
        ),
        max_size=12,
    ),
    st.sampled_from(["Asia/Jakarta", "+09:00", "-12:00", "Europe/Berlin", "Pacific/Kiritimati"]),
    st.dictionaries(st.sampled_from(["clockOffsetMinutes"]), st.sampled_from(["120", "-30"])),
)
def test_any_bytes_of_a_device(parts: list[bytes], zone: str, options: dict[str, str]) -> None:
    """Whatever a device sends, each line is a valid punch or a refusal, as many as there are natural keys."""
    body = b"\n".join(parts)
    device = DeviceContext("gate-1", "CONTOH0001", zone, options)
    try:
        clock_of(device)
    except AdapterError:
        return
    items = load("zkteco_adms").translate("attlog", body, MessageContext("S", "CONTOH", "C", 0, None, device))
    assert [item.row for item in items] == list(range(len([natural_key("CONTOH0001", line) for line in lines(body)])))
    assert [PUNCH.breaches(item.value) for item in items if isinstance(item, Canonical)] == [
        [] for item in items if isinstance(item, Canonical)
    ]


ODD = st.one_of(st.none(), st.text(max_size=20), st.from_regex(r"[0-9]{16,18}(000)?", fullmatch=True))


@settings(max_examples=rounds(200))
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "nipBaru": ODD,
                "nama": ODD,
                "unorNama": ODD,
                "kedudukanPnsNama": st.sampled_from(["Aktif", "Pensiun", "?"]),
            },
            optional={
                "nik": ODD,
                "statusPegawai": ODD,
                "golRuangAkhir": ODD,
                "tmtCpns": st.one_of(ODD, st.from_regex(r"[0-9]{2}-[0-9]{2}-[0-9]{4}", fullmatch=True)),
                "somethingNew": st.floats(),
            },
        ),
        max_size=6,
    )
)
def test_any_page_of_siasn(rows: list[dict[str, Any]]) -> None:
    """Every row of a page within the wire contract is a valid employee or a refusal."""
    siasn = load("siasn")
    body = {"pager": {"pageSize": 50, "page": 1, "total": len(rows), "nextPage": None}, "data": rows}
    if not siasn.wire_checker("employees").ok(body):
        body["data"] = [row for row in rows if siasn.wire_checker("employees").ok({**body, "data": [row]})]
    items = siasn.translate("employees", body, MessageContext("S", "CONTOH", "C", 0))
    assert [item.row for item in items] == list(range(len(body["data"])))
    for item in items:
        assert not isinstance(item, Canonical) or checker("employee").breaches(item.value) == []
