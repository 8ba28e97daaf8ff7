"""What comes between in the lives of some tickets: each turn is a scene, told where the story has come to it."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from api.domain.evidence import Purpose
from api.domain.lifecycle import Action
from api.services.demo_plots import Answer, Scene, Standing, Turn
from api.services.demo_telling import Telling

_Teller = Callable[[Telling, Standing], Scene]


def take_turn(stage: Mapping[Turn, _Teller], telling: Telling, standing: Standing) -> Scene:
    """Tell the plot's turn if it comes at this stage of the story; else nothing happens."""
    teller = stage.get(telling.plot.turn) if telling.plot.turn else None
    if teller is None:
        return standing
    return (yield from teller(telling, standing))


def _verify(telling: Telling, _standing: Standing) -> Scene:
    """核实: an officer of the community goes and looks."""
    plot = telling.plot
    standing = yield telling.step(
        telling.cast.dispatcher,
        Action.ASK_VERIFICATION,
        condition=plot.condition.number,
        grid=plot.spot.grid_code,
        note="请到场核实情况是否属实。",
    )
    if plot.answer is Answer.OPEN:
        return standing
    telling.patrol(telling.random.randint(15, 70))
    is_true = plot.answer is Answer.YES
    standing = yield telling.step(
        telling.checker,
        Action.ANSWER_VERIFICATION,
        *telling.proof(Purpose.EVIDENCE, is_tidy=not is_true),
        confirmed=is_true,
        note="情况属实。" if is_true else "现场未发现该问题。",
    )
    telling.wait(5)
    return standing


def _return(telling: Telling, standing: Standing) -> Scene:
    """回退, a second unit's, too, and 指定管辖 at last."""
    answer, desk = telling.plot.answer, telling.cast.dispatcher
    crew = telling.crew(standing)
    telling.work(crew, 10)
    standing = yield telling.give_back(crew.member)
    if answer is Answer.OPEN:
        return standing
    unit = telling.other_unit(standing)
    telling.wait(4)
    standing = yield telling.step(desk, Action.DISPATCH, unit=unit, note="改派，请核对权属后处置。")
    crew = telling.crew(standing)
    telling.work(crew, 12)
    standing = yield telling.give_back(crew.member)
    if answer is Answer.NO:
        return standing
    telling.wait(9)
    return (yield telling.step(desk, Action.RULE, unit=unit, reason="经会商，由该单位兜底处置。"))


def _ask_help(telling: Telling, standing: Standing) -> Scene:
    """请求协办, 免除协办. Who was called answers before the repair is done, as in every story."""
    crew, unit = telling.crew(standing), telling.other_unit(standing)
    telling.work(crew, 5)
    reason = "现场有地下管线，需配合确认。"
    standing = yield telling.step(crew.lead, Action.ASK_HELP, unit=unit, reason=reason)
    if telling.plot.answer is Answer.NO:
        telling.work(crew, 25)
        reason = "现场已确认无需配合。"
        standing = yield telling.step(crew.lead, Action.EXCUSE_HELP, unit=unit, reason=reason)
    return standing


def _extend(telling: Telling, standing: Standing) -> Scene:
    """延期."""
    crew = telling.crew(standing)
    telling.work(crew, 10)
    standing = yield telling.step(crew.member, Action.REQUEST_EXTENSION, reason="配件正在调运，请求延期。")
    return (yield from _decide(telling, standing, Action.GRANT_EXTENSION, Action.DENY_EXTENSION))


def _suspend(telling: Telling, standing: Standing) -> Scene:
    """挂账."""
    crew = telling.crew(standing)
    telling.work(crew, 10)
    until = telling.plot.until or telling.at + timedelta(days=7)
    reason = "需待专项资金到位后施工。"
    standing = yield telling.step(crew.lead, Action.REQUEST_SUSPENSION, reason=reason, until=until)
    return (yield from _decide(telling, standing, Action.GRANT_SUSPENSION, Action.DENY_SUSPENSION))


def _pause(telling: Telling, standing: Standing) -> Scene:
    """挂账, 恢复处置."""
    standing = yield from _suspend(telling, standing)
    crew = telling.crew(standing)
    telling.work(crew, 300)
    return (yield telling.step(crew.lead, Action.RESUME, note="资金提前到位，恢复处置。"))


def _decide(
    telling: Telling,
    standing: Standing,
    grant: Action,
    deny: Action,
    *,
    by: str | None = None,
    reason: str = "理由不充分，请按期处置。",
) -> Scene:
    """Let the desk answer a request, as the plot has it."""
    telling.wait(telling.random.randint(3, 8))
    match telling.plot.answer:
        case Answer.OPEN:
            return standing
        case Answer.YES:
            return (yield telling.step(by or telling.cast.dispatcher, grant, note="情况属实，同意。"))
        case Answer.NO:
            return (yield telling.step(by or telling.cast.dispatcher, deny, reason=reason))


def _void(telling: Telling, _standing: Standing) -> Scene:
    """作废, which a supervisor has to approve."""
    cast = telling.cast
    telling.wait(6)
    standing = yield telling.step(cast.dispatcher, Action.VOID, reason="地点录入有误，已另行立案。")
    reason = "问题仍在现场，继续处置。"
    grant, deny = Action.GRANT_VOID, Action.DENY_VOID
    return (yield from _decide(telling, standing, grant, deny, by=cast.supervisor, reason=reason))


def _merge(telling: Telling, _standing: Standing) -> Scene:
    """并案 into the first report of the same problem."""
    telling.wait(5)
    master, note = str(telling.plot.master_id), "同一地点同一问题，并案处理。"
    return (yield telling.step(telling.cast.dispatcher, Action.MERGE, master=master, note=note))


def _press(telling: Telling, standing: Standing) -> Scene:
    """催办、督办 of an overdue ticket, and 上报 by its unit, which can't manage alone."""
    supervisor = telling.cast.supervisor
    telling.at = max(telling.at, standing.due_at or telling.at)
    telling.wait(9)
    yield telling.step(supervisor, Action.URGE, note="已超期，请立即处置。")
    telling.wait(11)
    yield telling.step(supervisor, Action.SUPERVISE, note="由单位负责人牵头，今日内办结。")
    telling.wait(6)
    lead = telling.crew(standing).lead
    return (yield telling.step(lead, Action.ESCALATE, reason="需上级协调断路施工。"))


def _appeal(telling: Telling, standing: Standing) -> Scene:
    """申诉 against being called late; both sides of the desk have to agree."""
    cast, crew = telling.cast, telling.crew(standing)
    if standing.due_at is None or telling.fixed_at <= standing.due_at:
        return standing  # a rule gave the unit more time than the condition does
    telling.work(crew, 45)
    standing = yield telling.step(crew.lead, Action.APPEAL, reason="连日暴雨无法施工，申请不计超期。")
    grant, deny = Action.GRANT_APPEAL, Action.DENY_APPEAL
    if telling.plot.answer is Answer.YES:
        telling.wait(25)
        standing = yield telling.step(cast.dispatcher, grant, note="情况属实。")
    reason = "当日具备施工条件。"
    return (yield from _decide(telling, standing, grant, deny, by=cast.supervisor, reason=reason))


def _relapse(telling: Telling, standing: Standing) -> Scene:
    """反弹: an officer finds it there again."""
    telling.patrol(400)
    proof = telling.proof(Purpose.CHECK, is_tidy=False)
    standing = yield telling.step(telling.checker, Action.REOPEN, *proof, reason="回头看发现问题反弹。")
    crew = telling.crew(standing)
    telling.work(crew, 15)
    standing = yield telling.step(crew.member, Action.ACCEPT)
    if telling.plot.answer is Answer.OPEN:
        return standing
    telling.work(crew, 90)
    yield telling.fix(crew.member)
    telling.patrol(30)
    return (yield telling.check(Action.PASS_CHECK))


AT_DESK: Mapping[Turn, _Teller] = {Turn.VERIFICATION: _verify}
WITH_UNIT: Mapping[Turn, _Teller] = {Turn.RETURN: _return, Turn.VOID: _void, Turn.MERGER: _merge}
AT_WORK: Mapping[Turn, _Teller] = {
    Turn.HELP: _ask_help,
    Turn.EXTENSION: _extend,
    Turn.SUSPENSION: _suspend,
    Turn.PAUSE: _pause,
    Turn.PRESSURE: _press,
}
AFTER_CLOSING: Mapping[Turn, _Teller] = {Turn.APPEAL: _appeal, Turn.RELAPSE: _relapse}
