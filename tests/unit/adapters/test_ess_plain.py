"""Plain documents of ESS are read without a parser, and come to the very same as when it reads them."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ess_deduction import document
from adapters.ess_deduction.document import Document, open_document
from adapters.ess_deduction.plain import read_plain
from adapters.kit import AdapterError
from signing.xmlframe import stripped

UNSIGNED = {"unsigned": "taken"}
ODD = ["", " a ", "125000.00", "2026-10-31", "a\r\nb", "a\tb", "&amp;", "&#65;", "]]>", "a>b", "\x0b", "naïve", "\uffff", "\xa0x",
                     "<b/>", "<b>x</b>", "<DeductionRecord>x</DeductionRecord>", "<![CDATA[x]]>", "<!-- x -->", "<?x y?>"]  # fmt: skip
TEXTS = st.one_of(st.sampled_from(ODD), st.text(max_size=5))
NAMES = st.sampled_from(["LoanNumber", "CheckNumber", "A", "B", "DeductionRecord", "ä", "x:y", 'A b="1"'])
USUAL = [("LoanNumber", "LN-1"), ("CheckNumber", "900001"), ("VoteName", "Fungu la Mfano")]


@st.composite
def rows(draw: st.DrawFn) -> str:
    """The fields of a row: mostly the usual ones."""
    fields = draw(st.lists(st.tuples(NAMES, TEXTS), max_size=4)) if draw(st.integers(0, 2)) == 0 else USUAL
    if draw(st.booleans()) and fields:
        at = draw(st.integers(0, len(fields) - 1))
        fields = [*fields[:at], (fields[at][0], draw(TEXTS)), *fields[at + 1 :]]
    gap = draw(st.sampled_from(["", "", "", "", "\n  ", "\n  ", "x"]))
    return gap.join(["", *(f"<{name}>{text}</{name.partition(' ')[0]}>" for name, text in fields), ""])


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    kind = draw(st.sampled_from(["FSP_MONTHLY_DEDUCTIONS", "DEDUCTION_STOP_NOTIFICATION", "RESPONSE"]))
    head = f"<Header><FSPCode>FL1</FSPCode><MsgId>M-1</MsgId><MessageType>{kind}</MessageType></Header>"
    made = draw(st.lists(rows(), min_size=1, max_size=3))
    records = "".join(f"<DeductionRecord>{row}</DeductionRecord>" for row in made)
    each = "".join(f"<MessageDetails>{row}</MessageDetails>" for row in made)
    details = draw(st.sampled_from([f"<MessageDetails>{records}</MessageDetails>", each, records, f"{each}<X/>"]))
    return f"<Document><Data>{head}{details}</Data></Document>".encode("utf-8", "surrogatepass")


def outcome(content: bytes) -> Document | str:
    """What it says, or the word of the refusal."""
    try:
        return open_document(content, UNSIGNED)
    except AdapterError as error:
        return error.kind


@settings(max_examples=400, deadline=None)
@given(documents())
def test_a_document_comes_to_the_same_by_the_parser_alone(content: bytes) -> None:
    """Whatever its rows hold."""
    with patch.object(document, "read_plain", return_value=None):
        expected = outcome(content)
    assert outcome(content) == expected


@pytest.mark.parametrize("text", ODD)
def test_an_odd_text_is_what_the_parser_makes_of_it(text: str) -> None:
    """Among others that are plain."""
    head = "<Header><FSPCode>FL1</FSPCode><MsgId>M-1</MsgId><MessageType>RESPONSE</MessageType></Header>"
    rows = "".join(f"<MessageDetails><A>{each}</A><B>x</B></MessageDetails>" for each in ("1", text, "2"))
    content = f"<Document><Data>{head}{rows}</Data></Document>".encode()
    with patch.object(document, "read_plain", return_value=None):
        expected = outcome(content)
    assert outcome(content) == expected


def test_rows_as_programs_write_them_need_no_parser() -> None:
    """Records of one form, of another one among them, and messages of their own; a record within a record does."""
    row, other = "<LoanNumber>1</LoanNumber><A></A>", "<LoanNumber>2</LoanNumber>"
    data = "<Data><Header><MsgId>M</MsgId></Header>%s</Data>"
    records = "".join(f"<DeductionRecord>{each}</DeductionRecord>" for each in (row, other, row))
    found = read_plain((data % f"<MessageDetails>{records}</MessageDetails>").encode(), in_records=True)
    assert found is not None
    assert [each.texts for each in found.rows] == [("1", ""), ("2",), ("1", "")]
    span = stripped(
        (data % f"<MessageDetails>{row}</MessageDetails>\n<MessageDetails>{other}</MessageDetails>").encode()
    )
    found = read_plain(span, in_records=False)
    assert found is not None
    assert [each.names for each in found.rows] == [("LoanNumber", "A"), ("LoanNumber",)]
    nested = f"<MessageDetails><DeductionRecord>{records}</DeductionRecord></MessageDetails>"
    assert read_plain((data % nested).encode(), in_records=True) is None
