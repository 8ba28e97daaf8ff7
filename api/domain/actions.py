"""What can be done to a ticket, and what it takes."""

from enum import StrEnum


class Action(StrEnum):
    """What can be done to a ticket."""

    REPORT = "report"
    SELF_FIX = "self_fix"
    ASK_VERIFICATION = "ask_verification"
    ANSWER_VERIFICATION = "answer_verification"
    FILE = "file"
    REJECT = "reject"
    DISPATCH = "dispatch"
    RULE = "rule"
    ACCEPT = "accept"
    HAND_OVER = "hand_over"
    RETURN = "return"
    ASK_HELP = "ask_help"
    ANSWER_HELP = "answer_help"
    EXCUSE_HELP = "excuse_help"
    REQUEST_EXTENSION = "request_extension"
    GRANT_EXTENSION = "grant_extension"
    DENY_EXTENSION = "deny_extension"
    REQUEST_SUSPENSION = "request_suspension"
    GRANT_SUSPENSION = "grant_suspension"
    DENY_SUSPENSION = "deny_suspension"
    RESUME = "resume"
    RECTIFY = "rectify"
    PASS_CHECK = "pass_check"  # noqa: S105  a step, not a password
    FAIL_CHECK = "fail_check"
    CLOSE = "close"
    APPEAL = "appeal"
    GRANT_APPEAL = "grant_appeal"
    DENY_APPEAL = "deny_appeal"
    RECHECK = "recheck"
    REOPEN = "reopen"
    MERGE = "merge"
    ABSORB = "absorb"
    VOID = "void"
    GRANT_VOID = "grant_void"
    DENY_VOID = "deny_void"
    URGE = "urge"
    SUPERVISE = "supervise"
    ESCALATE = "escalate"
    RECOMPUTE = "recompute"
    REASSIGN = "reassign"
    REASSIGN_HELP = "reassign_help"
    CORRECT = "correct"
    REDISPATCH = "redispatch"
    RECALL = "recall"


ACTION_NAMES: dict[Action, tuple[str, str]] = {
    Action.REPORT: ("上报", "report"),
    Action.SELF_FIX: ("即查即改", "fix on the spot"),
    Action.ASK_VERIFICATION: ("发核实", "ask for verification"),
    Action.ANSWER_VERIFICATION: ("核实反馈", "answer the verification"),
    Action.FILE: ("立案", "file"),
    Action.REJECT: ("不予立案", "reject"),
    Action.DISPATCH: ("派遣", "dispatch"),
    Action.RULE: ("指定管辖", "rule who is responsible"),
    Action.ACCEPT: ("签收", "accept"),
    Action.HAND_OVER: ("转办", "hand over"),
    Action.RETURN: ("回退", "return"),
    Action.ASK_HELP: ("请求协办", "ask for help"),
    Action.ANSWER_HELP: ("协办反馈", "answer the call for help"),
    Action.EXCUSE_HELP: ("免除协办", "excuse from helping"),
    Action.REQUEST_EXTENSION: ("申请延期", "request an extension"),
    Action.GRANT_EXTENSION: ("同意延期", "grant the extension"),
    Action.DENY_EXTENSION: ("不同意延期", "deny the extension"),
    Action.REQUEST_SUSPENSION: ("申请挂账", "request a suspension"),
    Action.GRANT_SUSPENSION: ("同意挂账", "grant the suspension"),
    Action.DENY_SUSPENSION: ("不同意挂账", "deny the suspension"),
    Action.RESUME: ("恢复处置", "resume"),
    Action.RECTIFY: ("处置反馈", "rectify"),
    Action.PASS_CHECK: ("核查通过", "pass the check"),
    Action.FAIL_CHECK: ("返工", "fail the check"),
    Action.CLOSE: ("结案", "close"),
    Action.APPEAL: ("申诉", "appeal"),
    Action.GRANT_APPEAL: ("同意申诉", "grant the appeal"),
    Action.DENY_APPEAL: ("驳回申诉", "deny the appeal"),
    Action.RECHECK: ("复查合格", "find it still repaired"),
    Action.REOPEN: ("反弹重开", "reopen"),
    Action.MERGE: ("并案", "merge"),
    Action.ABSORB: ("并入", "take in a merged ticket"),
    Action.VOID: ("申请作废", "ask to void"),
    Action.GRANT_VOID: ("批准作废", "void"),
    Action.DENY_VOID: ("不批准作废", "refuse to void"),
    Action.URGE: ("催办", "urge"),
    Action.SUPERVISE: ("督办", "supervise"),
    Action.ESCALATE: ("上报升级", "escalate"),
    Action.RECOMPUTE: ("重算时限", "recompute the due time"),
    Action.REASSIGN: ("接办", "take over from a unit that was closed down"),
    Action.REASSIGN_HELP: ("接替协办", "take over a call for help"),
    Action.CORRECT: ("更正", "correct class or place"),
    Action.REDISPATCH: ("改派", "send to another unit after a correction"),
    Action.RECALL: ("收回", "take back from the unit after a correction"),
}
"""Names for people: (zh, en)."""


class Need(StrEnum):
    """What a step must bring along."""

    NOTE = "note"
    REASON = "reason"
    CONDITION = "condition"
    GRID = "grid"
    UNIT = "unit"
    HANDLER = "handler"
    MASTER = "master"
    UNTIL = "until"
    BEFORE_PHOTO = "before_photo"
    AFTER_PHOTO = "after_photo"
    CHECK_PHOTO = "check_photo"
    PHOTO = "photo"
    CHECKED = "checked"
    CORRECTION = "correction"
    """Another class, condition, grid or place: at least one of them."""
