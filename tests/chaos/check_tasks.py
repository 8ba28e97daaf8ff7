"""The audit of tasks: each was answered once, by whom it says, and nothing is open that a phone believes done."""

from collections import Counter
from collections.abc import Mapping
from itertools import groupby
from uuid import UUID

from gridphone import OutboxItem
from tests.chaos.acts import ANSWERING
from tests.chaos.findings import Fault, Findings
from tests.chaos.ledger import GivenUp, Ledger
from tests.chaos.patrol_truth import PatrolTruth, TaskRow

Items = Mapping[UUID, OutboxItem]

REASONS = {"step_refused", "not_your_step", "not_found", "officer_involved", "officer_unknown"}
"""Why a task may not be given up: it has ended or is somebody else's by now, or that officer is not to have it."""


def check_tasks(findings: Findings, ledger: Ledger, items: Items, truth: PatrolTruth) -> None:
    """Hold tasks against the steps of their tickets, against each other, and against what phones were told."""
    _check_answers(findings, truth)
    _check_duties(findings, truth)
    for step_id, task_id in ledger.answers.items():
        item, task = items.get(step_id), truth.tasks.get(task_id)
        if item is not None and item.state == "stored":
            findings.expect(
                task is not None and task.state != "open",
                Fault.LOSS,
                f"task {task_id} was answered by {step_id}, and is {task and task.state}",
            )
    _check_given_up(findings, ledger, items, truth)


def _check_answers(findings: Findings, truth: PatrolTruth) -> None:
    """Each task that was done was done by one step, and each such step did one task."""
    done: Counter[tuple[object, ...]] = Counter(
        (task.ticket_id, task.answer, task.ended_by, task.ended_at)
        for task in truth.tasks.values()
        if task.state == "done"
    )
    steps: Counter[tuple[object, ...]] = Counter(
        (step.ticket_id, step.action, step.username, step.at)
        for step in truth.answers
        if step.action in ANSWERING
    )
    for what, count in done.items():
        findings.expect(count == 1, Fault.DOUBLE, f"{count} tasks were done by one step: {what}")
        findings.expect(
            steps[what] == 1, Fault.BROKEN, f"a task is done, and {steps[what]} steps did it: {what}"
        )
    # Who reopens a ticket need not have been asked to look at it.
    undone = [what for what in steps if what[1] != "reopen" and not done[what]]
    findings.expect(not undone, Fault.LOSS, f"{len(undone)} steps answered no task: {undone[:3]}")


def _check_duties(findings: Findings, truth: PatrolTruth) -> None:
    """Look at each ticket, which has one open task at most, and each duty, which goes from one officer to the next."""
    still_open = Counter(task.ticket_id for task in truth.tasks.values() if task.state == "open")
    twice = [ticket_id for ticket_id, count in still_open.items() if count > 1]
    findings.expect(not twice, Fault.DOUBLE, f"tickets with two open tasks: {twice}")
    ordered = sorted(truth.tasks.values(), key=lambda task: (str(task.duty_id), task.attempt))
    for duty_id, found in groupby(ordered, key=lambda task: task.duty_id):
        chain = list(found)
        attempts = [task.attempt for task in chain]
        findings.expect(
            attempts == list(range(1, len(chain) + 1)),
            Fault.BROKEN,
            f"duty {duty_id} has the turns {attempts}",
        )
        passed_on = {"refused", "handed_over", "overdue", "released"}
        is_chain = all(task.state in passed_on for task in chain[:-1]) and chain[-1].state not in passed_on
        states = [task.state for task in chain]
        findings.expect(is_chain, Fault.BROKEN, f"duty {duty_id} went {states}")


def _check_given_up(findings: Findings, ledger: Ledger, items: Items, truth: PatrolTruth) -> None:
    by_mark: dict[str, list[TaskRow]] = {}
    for task in truth.tasks.values():
        if task.reason:
            by_mark.setdefault(task.reason, []).append(task)
    following = {(task.duty_id, task.attempt): task.assignee for task in truth.tasks.values()}
    for item_id, made in ledger.given_up.items():
        item, found = items.get(item_id), by_mark.pop(made.mark, [])
        named = f"{made.action} of task {made.task_id} by {made.username}"
        if item is not None and item.state == "stored":
            findings.expect(len(found) < 2, Fault.DOUBLE, f"{named} was done {len(found)} times")
            task = truth.tasks.get(made.task_id)
            findings.expect(
                task is not None and _is_as_told(made, task, following),
                Fault.LOSS,
                f"{named} was told to be done: {task}",
            )
        else:
            code = (item.problem or {}).get("code") if item else "gone"
            findings.expect(code in REASONS, Fault.LOSS, f"{named} was refused without need: {code}")
            findings.expect(not found, Fault.DOUBLE, f"{named} was refused, and was done")
    findings.expect(not by_mark, Fault.DOUBLE, f"tasks that nobody gave up: {list(by_mark.values())[:3]}")


def _is_as_told(made: GivenUp, task: TaskRow, following: Mapping[tuple[UUID, int], str | None]) -> bool:
    """Tell whether a task ended as somebody was told; another one of hers may have done the same before."""
    if task.assignee == made.officer:
        return True  # it was to go to whom it had been given before
    if made.action == "refuse":
        return (task.state, task.ended_by) == ("refused", made.username)
    return task.state == "handed_over" and following.get((task.duty_id, task.attempt + 1)) == made.officer
