"""Which members of canonical records are masked."""

from __future__ import annotations

import pytest

from schemas.contracts import CONTRACTS
from schemas.datarules import MASK, mask
from schemas.datarules.metadata import split
from schemas.personal import OPEN, tags_of


def test_a_payee_shows_where_and_when_and_nothing_of_whom() -> None:
    """Name, number, account, class and tariff are masked; institution, bank, currency and month are shown."""
    payee = {
        "employeeId": "198503152010011001",
        "institution": "KEMCONTOH",
        "class": 9,
        "tariff": "5079200",
        "currency": "IDR",
        "payingUnit": "900001",
        "bankCode": "901",
        "bankName": "BANK CONTOH SATU",
        "account": "901000000042",
        "accountName": "PEGAWAI CONTOH",
        "decree": "12/SK",
        "validFrom": "2026-01",
    }
    shown = mask(payee, [split(path) for path in tags_of("payee")])
    assert {name: value for name, value in shown.items() if value != MASK} == {
        "institution": "KEMCONTOH",
        "currency": "IDR",
        "payingUnit": "900001",
        "bankCode": "901",
        "validFrom": "2026-01",
    }


@pytest.mark.parametrize("name", sorted(CONTRACTS))
def test_every_member_is_tagged_or_said_to_be_open(name: str) -> None:
    """A value in any member that is not listed as open is masked, however deep it lies: no contract shows its people."""
    tags = tags_of(name)
    assert all(path.rpartition(".")[2] not in OPEN for path in tags)
    top = set(CONTRACTS[name].schema["properties"])
    assert top - {path.partition(".")[0] for path in tags} <= OPEN
    assert not tags.keys() & {"institution", "period"}
    assert ("employeeId" in tags) == ("employeeId" in top)


def test_a_notice_on_a_contract_is_of_nobody() -> None:
    """The one canonical record without a person is shown as it is."""
    assert tags_of("contract.notice") == {}
