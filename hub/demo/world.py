"""Makes a unit and its month from a seed: people, pay data, taps, marks, leave, an outage.

Rule: the same seed, month and number of people give the same world to the last byte. Everything is invented.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from adapters.kit.sample import Mark, Person, SampleDevice, Tap, World
from hub.demo.oracle import Expected, expect
from hub.demo.plan import Day, PersonPlan, plan_month, working_days
from hub.demo.preset import Preset

BATCH = 120
"""Taps that a device pushes at once."""

MARKS = (
    Mark("di-atas", "di-atas", "sangat-baik"),
    Mark("di-atas", "sesuai", "baik"),
    Mark("sesuai", "di-atas", "baik"),
    Mark("sesuai", "sesuai", "baik"),
    Mark("di-bawah", "sesuai", "butuh-perbaikan"),
    Mark("sesuai", "di-bawah", "kurang"),
    Mark("di-bawah", "di-bawah", "sangat-kurang"),
)
MARK_ODDS = (10, 20, 15, 40, 10, 4, 1)


@dataclass(frozen=True, slots=True)
class Month:
    """The world to send, what must come of it, and how many taps belong to no enrolled PIN."""

    world: World
    expected: Expected
    unmatched: int


def make_month(preset: Preset, period: str, people: int, seed: int) -> Month:
    """A month of `people` persons in the preset's unit."""
    rng = random.Random(f"{seed}|{period}|{people}")  # noqa: S311 - repeatable on purpose
    days = working_days(period, preset.holidays)
    device_of = [_share(rng, [device.share for device in preset.devices]) for _ in range(people)]
    outage = (0, days[len(days) // 2])
    ceremony = days[0]
    plans = plan_month(rng, people, days, device_of, outage)
    persons = _people(preset, rng, seed, plans, device_of)
    marks = {p.employee_id: rng.choices(MARKS, MARK_ODDS)[0] for p in persons}
    devices, unmatched = _devices(preset, rng, persons, plans, device_of, outage)
    world = World(
        institution=preset.institution.code,
        unit=preset.institution.unit,
        paying_unit=preset.institution.paying_unit,
        period=period,
        zone=preset.zone,
        people=persons,
        working_days=[day.isoformat() for day in days],
        ceremonies=[ceremony.isoformat()],
        marks={p.employee_id: marks[p.employee_id] for p, plan in zip(persons, plans, strict=True) if plan.marked},
        leaves=[
            _leave_row(preset, n, p, plan) for n, (p, plan) in enumerate(zip(persons, plans, strict=True)) if plan.leave
        ],
        sanctions=[
            {
                "sanctionId": f"SANKSI-{n:04d}",
                "employeeId": p.employee_id,
                "institution": preset.institution.code,
                "level": "medium",
                "cutPercent": "25",
                "from": period,
                "to": period,
                "cancelled": False,
            }
            for n, (p, plan) in enumerate(zip(persons, plans, strict=True))
            if plan.sanctioned
        ],
        outages=[
            {
                "outageId": "GANGGUAN-0001",
                "serial": preset.devices[outage[0]].serial,
                "institution": preset.institution.code,
                "date": outage[1].isoformat(),
                "from": None,
                "to": None,
                "reason": "power failure (made up)",
            }
        ],
        devices=devices,
        destroyed_ids=preset.people.rounded,
        currency=preset.currency,
    )
    expected = expect(
        preset.oracle, plans, [p.tariff for p in persons], [marks[p.employee_id] for p in persons], ceremony
    )
    return Month(world, expected, unmatched)


def _share(rng: random.Random, shares: list[float]) -> int:
    return rng.choices(range(len(shares)), shares)[0]


def _people(
    preset: Preset, rng: random.Random, seed: int, plans: list[PersonPlan], device_of: list[int]
) -> list[Person]:
    from faker import Faker

    fake = Faker(preset.locale)
    fake.seed_instance(seed)
    classes = sorted(preset.tariffs)
    own = preset.people
    persons = []
    for index, plan in enumerate(plans):
        sex = rng.choice("12")
        birth = date(1966, 1, 1) + timedelta(days=rng.randrange(35 * 365))
        since = date(birth.year + rng.randint(22, 25), rng.randint(1, 12), 1)
        contract = index % 9 == 4
        bank = rng.choices(preset.banks, (70, 20, 10)[: len(preset.banks)])[0]
        job_class = rng.choice(classes)
        employee_id, national_id = _numbers(preset, rng, index, sex, birth, since)
        persons.append(
            Person(
                employee_id=employee_id,
                national_id=national_id,
                name=fake.name_male() if sex == "1" else fake.name_female(),
                unit=preset.institution.unit,
                position=rng.choice(own.positions),
                grade=rng.choice(own.contract_grades if contract else own.grades),
                employment_type=own.contract_employment if contract else own.employment,
                birth_date=birth.isoformat(),
                sex=sex,
                job_class=job_class,
                tariff=preset.tariffs[job_class],
                bank_code=bank.code,
                bank_name=bank.name,
                account=f"{bank.code}{rng.randrange(10**9):09d}",
                serial=preset.devices[device_of[index]].serial,
                pin=f"{index + 1:04d}" if index % 2 else str(index + 1),
                has_payee=plan.paid,
            )
        )
    return persons


def _numbers(preset: Preset, rng: random.Random, index: int, sex: str, birth: date, since: date) -> tuple[str, str]:
    """Number of an employee, and national identity number, in the form of the country."""
    if preset.people.numbers == "nip":
        nip = f"{birth:%Y%m%d}{since:%Y%m}{sex}{index % 899 + 100:03d}"
        return nip, f"99{rng.randrange(10**4):04d}{birth:%d%m%y}{index % 10000:04d}"
    return f"9{index:05d}{rng.randrange(1000):03d}", f"{birth:%Y%m%d}{rng.randrange(10**5):05d}{index:05d}99"


def _leave_row(preset: Preset, n: int, person: Person, plan: PersonPlan) -> dict[str, object]:
    assert plan.leave is not None
    return {
        "leaveId": f"CUTI-{n:04d}",
        "employeeId": person.employee_id,
        "institution": preset.institution.code,
        "kind": plan.leave.kind,
        "from": plan.leave.start.isoformat(),
        "to": plan.leave.end.isoformat(),
        "cancelled": False,
    }


def _devices(
    preset: Preset,
    rng: random.Random,
    persons: list[Person],
    plans: list[PersonPlan],
    device_of: list[int],
    outage: tuple[int, date],
) -> tuple[list[SampleDevice], int]:
    devices = []
    unmatched = 0
    for number, device in enumerate(preset.devices):
        shift = _hours(device.zone) - _hours(preset.devices[0].zone)
        taps: list[tuple[datetime, str, int, int]] = []
        for index, (person, plan) in enumerate(zip(persons, plans, strict=True)):
            if device_of[index] == number:
                for day in plan.days:
                    taps.extend((at, person.pin, state, 1) for at, state in _taps(preset, rng, day))
        if number == 0:  # somebody whose PIN nobody has enrolled yet
            for day in plans[0].days[:3]:
                if (number, day.date) != outage:
                    taps.extend((datetime.combine(day.date, time(hour, 10)), "777001", 0, 1) for hour in (7, 16))
                    unmatched += 2
        taps.sort()
        shown = [
            Tap(pin, f"{at + timedelta(hours=shift):%Y-%m-%d %H:%M:%S}", state, verify)
            for at, pin, state, verify in taps
        ]
        batches = [shown[start : start + BATCH] for start in range(0, len(shown), BATCH)]
        devices.append(SampleDevice(device.serial, device.zone, batches))
    return devices, unmatched


def _hours(zone: str) -> int:
    return int(zone.split(":", maxsplit=1)[0])


def _taps(preset: Preset, rng: random.Random, day: Day) -> list[tuple[datetime, int]]:
    """Taps of one person on one day, in office time: an arrival, a departure, now and then a double tap."""
    if day.kind in {"absent", "leave", "outage"}:
        return []
    oracle = preset.oracle
    start = datetime.combine(day.date, time.fromisoformat(oracle.start))
    end = datetime.combine(day.date, time.fromisoformat(oracle.end_friday if day.date.weekday() == 4 else oracle.end))
    arrive = start - timedelta(minutes=rng.randint(1, 40), seconds=rng.randrange(60))
    leave = end + timedelta(minutes=rng.randint(0, 45), seconds=rng.randrange(60))
    if day.kind == "late":
        arrive = start + timedelta(minutes=day.minutes)
    if day.kind == "early":
        leave = end - timedelta(minutes=day.minutes)
    taps = []
    if day.kind != "lone-out":
        taps.append((arrive, 1 if rng.randrange(50) == 0 else 0))  # sometimes the wrong state key
        if rng.randrange(30) == 0 and day.kind != "lone-in":
            taps.append((arrive + timedelta(seconds=4), 0))
    if day.kind != "lone-in":
        taps.append((leave, 1))
    return taps
