"""Tasks in the change feed: whoever is asked is told of the ticket, and whoever loses the task forgets it."""

from tests.conftest import House
from tests.following import Follower
from tests.http.side_ways import seen
from tests.http.tasking import asked, checked, hand_over, policies, refuse, task_of, tended
from tests.http.walking import CHECKER, rectified


async def test_whoever_is_asked_is_told_and_forgets_the_ticket_when_she_refuses(house: House) -> None:
    followers = {f"officer{n:02}": Follower(house, f"officer{n:02}") for n in range(3, 33)}
    for follower in followers.values():
        await follower.follow_all()
    ticket = await rectified(house)
    username = await asked(house, ticket)
    first = followers[username]
    await first.follow_all()
    assert first.held[ticket["id"]]["task"]["yours"] is True
    assert first.held[ticket["id"]] == await seen(house, username, ticket)
    await refuse(house, username, await task_of(house, ticket))
    second = followers[await asked(house, ticket)]
    await first.follow_all()
    await second.follow_all()
    assert first.held == {}
    assert second.held[ticket["id"]]["task"]["yours"] is True
    for username_, follower in followers.items():
        await follower.follow_all()
        assert (ticket["id"] in follower.held) == (follower is second), username_


async def test_the_others_learn_who_is_asked_now_though_no_step_was_taken(house: House) -> None:
    ticket = await rectified(house)
    colleague, unit = Follower(house, CHECKER), Follower(house, "member-cityscape")
    await colleague.follow_all()
    await unit.follow_all()
    before = colleague.held[ticket["id"]]
    await hand_over(house, "supervisor", await task_of(house, ticket), "officer31")
    await colleague.follow_all()
    after = colleague.held[ticket["id"]]
    assert after["task"]["assignee_id"] != before["task"]["assignee_id"]
    assert after["version"] == before["version"]
    assert unit.held[ticket["id"]]["task"] is None


async def test_a_look_back_brings_a_ticket_to_a_phone_that_keeps_no_old_ones(house: House) -> None:
    await policies(house, look_back_share=1, second_check_share=0, look_back_days=200)
    ticket = await rectified(house)
    ticket = await checked(house, CHECKER, ticket)
    house.clock.turn(days=200)
    followers = {f"officer{n:02}": Follower(house, f"officer{n:02}") for n in range(1, 33)}
    for follower in followers.values():
        await follower.follow_all()
        assert follower.held == {}
    assert await tended(house) == 1
    username = await asked(house, ticket)
    follower = followers[username]
    await follower.follow_all()
    assert follower.held[ticket["id"]]["task"]["kind"] == "look_back"
    await checked(house, username, ticket, "recheck")
    await follower.follow_all()
    assert follower.held[ticket["id"]]["task"] is None, "it was changed just now, and she did the last task"
