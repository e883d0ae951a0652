"""What HR knows beyond who works where: employee.profile, employee.event, and the cross-walk identity.link.

Rule: codes and texts as the registry has them; nothing is normalised, and a link between two numbers is stated by
somebody, never computed.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.canonical.text import Canonical, Code, Date, EmployeeId, Slug, Words


class Coded(Canonical):
    """A code and its description, as registries give both. One of the two may be null."""

    code: Words | None = Field(title="Code", description="Code in the registry; null if not given.")
    description: Words | None = Field(title="Description", description="The same in words; null if not given.")


class Education(Canonical):
    """One level of education."""

    professional: bool = Field(title="Professional", description="true: a professional qualification.")
    level: Coded = Field(title="Level", description="Level as the registry has it.")
    programme: Coded | None = Field(title="Programme", description="What was studied; null if not given.")
    first: Date | None = Field(title="First day", description="First day; null if not given.")
    last: Date | None = Field(title="Last day", description="Last day; null if not given or not ended.")


class Profile(Canonical):
    """The personnel file of one employee beside the employee record. The latest record of an employee counts."""

    employee_id: EmployeeId = Field(title="Employee number", description="As in the employee record.")
    institution: Code = Field(title="Institution", description="Code of the employing institution at the hub.")
    national_id: EmployeeId | None = Field(
        title="National identity number", description="NIK or NIN; null if not given."
    )
    first_name: Words | None = Field(title="First name", description="As the registry has it; null if not given.")
    middle_name: Words | None = Field(title="Middle name", description="As the registry has it; null if not given.")
    last_name: Words | None = Field(title="Last name", description="As the registry has it; null if not given.")
    sex: Words | None = Field(title="Sex", description="As the registry codes it; null if not given.")
    birth_date: Date | None = Field(title="Birth date", description="Day of birth; null if not given.")
    nationality: Words | None = Field(title="Nationality", description="As the registry has it; null if not given.")
    disability: Words | None = Field(title="Disability", description="As the registry has it; null if not given.")
    mobile: Words | None = Field(title="Mobile number", description="As the registry has it; null if not given.")
    email: Words | None = Field(title="E-mail", description="As the registry has it; null if not given.")
    form_four: Words | None = Field(title="Form four index", description="Examination index number; null if not given.")
    form_six: Words | None = Field(title="Form six index", description="Examination index number; null if not given.")
    education: list[Education] = Field(max_length=50, title="Education", description="Levels, in the registry's order.")
    job_class: Coded | None = Field(title="Job class", description="As the registry has it; null if not given.")
    job: Coded | None = Field(title="Job", description="Job code; null if not given.")
    duty_post: Coded | None = Field(title="Duty post", description="Post that is filled; null if not given.")
    department: Coded | None = Field(title="Department", description="As the registry has it; null if not given.")
    organization: Coded | None = Field(title="Organization", description="As the registry has it; null if not given.")
    work_station: Coded | None = Field(title="Work station", description="As the registry has it; null if not given.")
    service_term: Words | None = Field(
        title="Terms of service", description="As the registry has it; null if not given."
    )
    hired_on: Date | None = Field(title="Hired on", description="Day of first appointment; null if not given.")
    confirmed_on: Date | None = Field(title="Confirmed on", description="Day of confirmation; null if not given.")
    status: Coded | None = Field(title="Employment status", description="As the registry has it; null if not given.")


class Event(Canonical):
    """One entry of an employee's history in the registry. The latest record under one id counts."""

    event_id: Slug = Field(title="Event id", description="Id in the source system; stays when it changes.")
    employee_id: EmployeeId = Field(title="Employee number", description="As in the employee record.")
    institution: Code = Field(title="Institution", description="Code of the employing institution at the hub.")
    kind: Slug = Field(
        title="Kind",
        description="Such as position, grade, education, unit, service-years, leave-unpaid, end, credit-points.",
    )
    first: Date | None = Field(title="From", description="First day on which it holds; null if not given.")
    last: Date | None = Field(title="To", description="Last day; null: until further notice, or not given.")
    subject: Coded = Field(title="What", description="What the employee became, got or did: code and words.")
    decree: Words | None = Field(title="Decree", description="Number of the decree; null if not given.")
    decreed_on: Date | None = Field(title="Decreed on", description="Day of the decree; null if not given.")
    cancelled: bool = Field(title="Cancelled", description="true: as if it had never been.")


class Link(Canonical):
    """A statement that a number of some scheme is this employee: the cross-walk. The latest record under one id counts."""

    link_id: Slug = Field(title="Link id", description="Id of the statement; stays when it changes.")
    institution: Code = Field(title="Institution", description="Code of the employee's institution.")
    employee_id: EmployeeId = Field(title="Employee number", description="As in the employee record.")
    scheme: Literal["check-number", "nip", "nip-old", "nik", "nin", "other"] = Field(
        title="Scheme", description="What kind of number `value` is; other: a number of system `source`."
    )
    source: Code | None = Field(
        title="Source", description="Code of the system or register whose number it is; null: of the scheme itself."
    )
    value: EmployeeId = Field(title="Number", description="The number, exactly: 0042 and 42 are two numbers.")
    valid_from: Date | None = Field(title="Valid from", description="First day; null: from the beginning.")
    valid_to: Date | None = Field(title="Valid to", description="Last day; null: until further notice.")
    withdrawn: bool = Field(title="Withdrawn", description="true: as if it had never been stated.")
