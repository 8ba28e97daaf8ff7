"""The form of a check (核查) or a verification (核实) of a ticket that waits for an officer."""

from collections.abc import Iterator

from api.domain.forms import TICKETS_CSV, YES, FormDefinition, FormKind, Row, choice, row, text, yes_no


def check_form() -> FormDefinition:
    """Return the form of a check (核查) or a verification (核实); its tickets come as media."""
    return FormDefinition(
        FormKind.CHECK,
        "核查核实 Check",
        "核查整改、核实上报。Check a repair, verify a tip.",
        survey=tuple(_check_survey()),
        choices=tuple(_check_choices()),
        media=(TICKETS_CSV,),
    )


def _check_survey() -> Iterator[Row]:
    ticket = "instance('tickets')/root/item[name = ${ticket}]"
    yield row(f"select_one_from_file {TICKETS_CSV}", "ticket", "案卷", "Ticket", required=YES)
    # What the phone saw: a ticket that has changed since is not what was checked.
    for name in ("version", "task", "proof"):
        yield {"type": "calculate", "name": name, "calculation": f"{ticket}/{name}"}
    yield row("dateTime", "at", "核查时间", "Seen at", default="now()", required=YES)
    yield row(
        "select_one results",
        "result",
        "整改结果",
        "Result of the repair",
        required=YES,
        relevant="${task} = 'check'",
    )
    yield row(
        "select_one yes_no",
        "confirmed",
        "上报情况属实？",
        "Is it as reported?",
        required=YES,
        relevant="${task} = 'verification'",
    )
    yield text(
        "reason",
        "返工原因",
        "What is not right",
        2000,
        required=YES,
        relevant="${result} = 'failed'",
        appearance="multiline",
    )
    yield row("image", "photo_1", "照片", "Photo", required=f"${{proof}} = '{YES}'")
    yield row("image", "photo_2", "照片二", "Second photo", relevant="${photo_1} != ''")
    yield text("note", "备注", "Note", 2000, appearance="multiline")


def _check_choices() -> Iterator[Row]:
    yield choice("results", "passed", "合格", "Passed")
    yield choice("results", "failed", "不合格，返工", "Failed: do it again")
    yield from yes_no()
