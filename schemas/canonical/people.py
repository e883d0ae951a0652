"""Who works where, who is paid what and where to, and whose number a device knows: employee, payee, enrolment."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.canonical.text import (
    Account,
    Canonical,
    Code,
    Currency,
    Date,
    DecimalText,
    EmployeeId,
    Month,
    Pin,
    Serial,
    Words,
)

Status = Literal["active", "inactive"]


class Employee(Canonical):
    """One employee as the personnel registry knows them now. The latest record of an employee counts."""

    employee_id: EmployeeId = Field(
        title="Employee number",
        description="The number of the personnel registry, as text with its leading zeros: NIP or NI PPPK (18 digits) "
        "in Indonesia, check number in Tanzania.",
    )
    national_id: EmployeeId | None = Field(
        title="National identity number", description="NIK or NIN; null where the source does not give it."
    )
    name: Words = Field(
        title="Name", description="Full name as the registry spells it, titles included if it has them."
    )
    institution: Code = Field(title="Institution", description="Code of the employing institution at the hub.")
    unit: Words = Field(
        title="Unit", description="Organisational unit within the institution, as the registry names it."
    )
    status: Status = Field(title="Status", description="active: gets a pay signal in every run; inactive: does not.")
    position: Words | None = Field(title="Position", description="Title of the position held; null if not known.")
    grade: Words | None = Field(
        title="Grade", description="Salary grade (golongan) exactly as the registry writes it; never normalised."
    )
    employment_type: Words | None = Field(
        title="Kind of employment", description="Such as PNS or PPPK; null if not known."
    )
    valid_from: Date | None = Field(title="Valid from", description="First day on which this holds; null if not known.")


class Payee(Canonical):
    """What an employee's allowance is priced with and where it is paid to."""

    employee_id: EmployeeId = Field(title="Employee number", description="As in the employee record.")
    institution: Code = Field(title="Institution", description="Code of the institution that pays.")
    class_: int = Field(
        alias="class", ge=1, le=17, title="Allowance class", description="Job class (kelas jabatan), 1 to 17."
    )
    tariff: DecimalText = Field(
        title="Tariff", description="Full allowance of the class for one month, in the currency, as decimal digits."
    )
    currency: Currency = Field(title="Currency", description="ISO 4217 code of the tariff.")
    paying_unit: Code = Field(title="Paying unit", description="Code of the unit that pays (kode satker).")
    bank_code: Code = Field(title="Bank code", description="Code of the bank in the treasury's list.")
    bank_name: Words = Field(title="Bank name", description="Name of the bank as the payroll writes it.")
    account: Account = Field(title="Account number", description="Number of the account, as text with leading zeros.")
    account_name: Words = Field(title="Account name", description="Name in which the account is held.")
    decree: Words | None = Field(title="Decree", description="Number of the decree that sets the class (Nomor SK).")
    valid_from: Month = Field(title="Valid from", description="First month of work that this holds for, YYYY-MM.")


class Enrolment(Canonical):
    """The number under which an attendance device knows an employee."""

    serial: Serial = Field(title="Device serial", description="Serial number of the device.")
    pin: Pin = Field(title="PIN", description="User number on the device, as text: 0042 and 42 are two users.")
    employee_id: EmployeeId = Field(title="Employee number", description="As in the employee record.")
    institution: Code = Field(title="Institution", description="Code of the employee's institution.")
    valid_from: Date | None = Field(title="Valid from", description="First day; null: from the beginning.")
    valid_to: Date | None = Field(title="Valid to", description="Last day; null: until further notice.")
