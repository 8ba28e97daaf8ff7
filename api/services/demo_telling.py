"""How people on the demo street do things: the deeds that stories are told of, with words, times and pictures."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from api.domain.calendars import WorkCalendar
from api.domain.deadlines import limit_budget
from api.domain.evidence import Purpose
from api.domain.geo import Crs, Place, from_wgs84
from api.domain.lifecycle import Action
from api.domain.report_requests import ReportRequest
from api.domain.reports import Priority, Source
from api.services.demo_photos import Picture
from api.services.demo_plots import Cast, Crew, Deed, Fraud, Plot, Standing
from api.services.taking import StepRequest

FIELD_SOURCES = frozenset({Source.OFFICER})
_ELSEWHERE_DEGREES = 0.0045
"""Half a kilometre to the north."""

_PHONES = (Crs.WGS84, Crs.WGS84, Crs.WGS84, Crs.GCJ02, Crs.GCJ02, Crs.BD09, Crs.CGCS2000)
_CORNERS = (
    "路口东侧",
    "小区北门外",
    "公交站旁",
    "菜市场门口",
    "学校围墙外",
    "沿街商铺前",
    "绿地边",
    "停车场入口",
    "社区服务站对面",
    "巷口",
)
_REPAIRS = (
    "已派人到场处置完毕。",
    "已整改，现场恢复原状。",
    "已清理并向当事人讲明要求。",
    "已修复，安排专人巡查三天。",
    "处置完成，请核查。",
)
_FAILURES = ("现场仍有残留，整改不彻底。", "照片与现场不符，请重新处置。", "只处理了一半，路北侧未动。")
_CHECKS = ("现场已核查，符合结案条件。", "核查通过。", "问题已消除，周边整洁。")
_REJECTIONS = (
    "现场核实，问题不存在。",
    "属于居民室内装修，不在立案范围。",
    "未达到立案条件。",
    "同一问题已有案卷在办。",
)
_HELPS = ("已配合完成本单位部分。", "已到场协助，管线已确认安全。", "已派员配合处置。")
_RETURNS = ("设施产权不属我单位。", "地点不在我单位管养范围内。", "属其他部门执法事项，建议改派。")


@dataclass(slots=True)
class Telling:
    """A story in the making: where its time stands, when the repair was last done, and its own luck."""

    cast: Cast
    plot: Plot
    at: datetime = field(init=False)
    fixed_at: datetime = field(init=False)
    random: Random = field(init=False)
    reporter: str = field(init=False)
    checker: str = field(init=False)

    def __post_init__(self) -> None:
        self.at = self.fixed_at = self.plot.at
        # Each story has luck of its own, so that another story more or less changes none of the others.
        self.random = Random(f"gridpatrol-demo/{self.plot.number}")  # noqa: S311  a story, not a secret
        one, other = self.random.sample(list(self.cast.officers[self.plot.spot.community]), 2)
        self.reporter = self._desk() or one
        self.checker = other

    def _desk(self) -> str | None:
        if self.plot.source in FIELD_SOURCES:
            return None
        return self.cast.supervisor if self.plot.source is Source.SUPERVISION else self.cast.dispatcher

    def crew(self, standing: Standing) -> Crew:
        """Return who works at the unit that has the ticket."""
        return self.cast.crews[standing.unit or self.cast.fallback_unit]

    def other_unit(self, standing: Standing) -> str:
        """Name a unit that has nothing to do with the ticket so far."""
        busy = {standing.unit, *standing.helpers}
        return next(code for code in (self.cast.fallback_unit, *self.cast.crews) if code not in busy)

    def wait(self, minutes: int) -> None:
        """Let time pass at the desk, which is always manned."""
        self.at += timedelta(minutes=minutes, seconds=self.random.randrange(60))

    def work(self, crew: Crew, minutes: int) -> None:
        """Let time pass at a unit; emergencies are worked on around the clock."""
        self.at = self._add(crew.calendar, self.at, timedelta(minutes=minutes))

    def patrol(self, minutes: int) -> None:
        """Let time pass until an officer is there."""
        self.at = self.cast.patrol.add_working_time(self.at, timedelta(minutes=minutes))
        self.at += timedelta(seconds=self.random.randrange(60))

    def finish(self, crew: Crew, share: float, dispatched_at: datetime, due_at: datetime | None) -> None:
        """Let time pass until a share of the limit is used, and a few minutes of work at least."""
        self.work(crew, self.random.randint(9, 25))
        limit = self.plot.condition.limit
        if limit.unit.counts_working_time or due_at is None:
            budget = limit_budget(limit, crew.calendar)
        else:
            budget = due_at - dispatched_at
        self.at = max(self.at, self._add(crew.calendar, dispatched_at, budget * share))

    def _add(self, calendar: WorkCalendar, start: datetime, amount: timedelta) -> datetime:
        if self.plot.condition.limit.unit.counts_working_time:
            return calendar.add_working_time(start, amount)
        return start + amount

    def report(self) -> Deed:
        """上报, or 即查即改."""
        plot, spot = self.plot, self.plot.spot
        in_field = plot.source in FIELD_SOURCES
        crs = self.random.choice(_PHONES) if in_field else Crs.GCJ02
        longitude, latitude = from_wgs84(spot.place, crs)
        corner = self.random.choice(_CORNERS)
        observed_at = self.at - timedelta(seconds=self.random.randint(40, 300))
        request = ReportRequest(
            id=plot.report_id,
            category=plot.condition.category_code,
            condition=plot.condition.number if plot.names_condition else None,
            description=f"{corner}：{plot.condition.condition_zh}。",
            observed_at=observed_at,
            longitude=round(longitude, 6),
            latitude=round(latitude, 6),
            crs=crs,
            accuracy_m=round(self.random.uniform(3, 22), 1) if in_field else None,
            provider="gps" if in_field else None,
            fixed_at=observed_at if in_field else None,
            is_mocked=plot.fraud is Fraud.MOCKED,
            address=f"{spot.grid_name}{corner}",
            source=plot.source,
            priority=self.random.choices(list(Priority), weights=(1, 12, 2, 0))[0],
            self_fix=plot.is_self_fix,
        )
        pictures: tuple[Picture, ...] = ()
        if in_field and plot.has_photo:
            pictures = (self._picture(Purpose.BEFORE, observed_at),)
        if plot.is_self_fix:
            pictures = (*pictures, self._picture(Purpose.AFTER, self.at - timedelta(seconds=20)))
        return Deed(self.at, self.reporter, request, pictures, plot.awaits_photo)

    def intake(self) -> Deed:
        """立案, or 不予立案."""
        if self.plot.is_rejected:
            reason = self.random.choice(_REJECTIONS)
            return self.step(self.cast.dispatcher, Action.REJECT, reason=reason)
        grid = self.plot.spot.grid_code if self.plot.names_grid else None
        condition = self.plot.condition.number
        return self.step(self.cast.dispatcher, Action.FILE, condition=condition, grid=grid)

    def dispatch(self) -> Deed:
        """派遣 by hand, where no rule says to whom."""
        unit = self.cast.fallback_unit
        return self.step(
            self.cast.dispatcher, Action.DISPATCH, unit=unit, note="无对应规则，请属地先行处置。"
        )

    def fix(self, username: str) -> Deed:
        """处置反馈 with the picture that proves it."""
        self.fixed_at = self.at
        return self.step(
            username, Action.RECTIFY, *self.proof(Purpose.AFTER), note=self.random.choice(_REPAIRS)
        )

    def help(self, username: str) -> Deed:
        """协办反馈."""
        return self.step(username, Action.ANSWER_HELP, note=self.random.choice(_HELPS))

    def give_back(self, username: str) -> Deed:
        """回退 with a picture that shows why it is somebody else's."""
        return self.step(
            username,
            Action.RETURN,
            *self.proof(Purpose.EVIDENCE, is_tidy=False),
            reason=self.random.choice(_RETURNS),
        )

    def check(self, action: Action) -> Deed:
        """核查 by the other officer of the community."""
        proof = self.proof(Purpose.CHECK, is_tidy=action is Action.PASS_CHECK)
        if action is Action.FAIL_CHECK:
            return self.step(self.checker, action, *proof, reason=self.random.choice(_FAILURES))
        return self.step(self.checker, action, *proof, note=self.random.choice(_CHECKS))

    def step(self, username: str, action: Action, *pictures: Picture, **told: Any) -> Deed:  # noqa: ANN401  fields of a request
        """Take a step, seen on a device whose clock is a little slow."""
        device_at = self.at - timedelta(seconds=self.random.randint(1, 9))
        return Deed(
            self.at, username, StepRequest(action, version=None, device_at=device_at, **told), pictures
        )

    def proof(self, purpose: Purpose, *, is_tidy: bool = True) -> tuple[Picture, ...]:
        """Take the picture that a step needs; of noise and smells there is none."""
        if not self.plot.condition.after_photo:
            return ()
        return (
            self._picture(
                purpose, self.at - timedelta(seconds=self.random.randint(30, 200)), is_tidy=is_tidy
            ),
        )

    def _picture(self, purpose: Purpose, taken_at: datetime, *, is_tidy: bool | None = None) -> Picture:
        tidy = purpose is not Purpose.BEFORE if is_tidy is None else is_tidy
        picture = Picture(purpose, self.plot.number, tidy, taken_at, self.plot.spot.place)
        return self._faked(picture) if purpose is Purpose.AFTER else picture

    def _faked(self, picture: Picture) -> Picture:
        """Return what whoever pretends sends for the picture of a repair."""
        match self.plot.fraud:
            case Fraud.EDITED:
                return replace(picture, seen_as=Purpose.BEFORE)
            case Fraud.BORROWED:
                return replace(picture, scene=picture.scene - 1)
            case Fraud.ELSEWHERE:
                place = Place(picture.place.longitude, picture.place.latitude + _ELSEWHERE_DEGREES)
                return replace(picture, place=place)
            case _:
                return picture
