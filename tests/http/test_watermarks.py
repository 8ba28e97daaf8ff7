"""Copies with a watermark: drawn when they are asked for, kept, and drawn anew when the ticket says otherwise."""

from tests.conftest import House
from tests.http.signalling import send_picture, street
from tests.http.walking import FINDER, report


async def test_a_watermarked_copy_is_another_picture_and_its_words_are_its_name(house: House) -> None:
    photo_id = await send_picture(house, FINDER, "before", street(house))
    officer = await house.caller(FINDER)
    path = f"/v1/photos/{photo_id}?variant=watermarked"
    unfiled = await officer.get(path)
    assert (unfiled.status_code, unfiled.headers["content-type"]) == (200, "image/jpeg")
    assert unfiled.headers["cache-control"] == "private, no-cache"
    assert unfiled.content != (await officer.get(f"/v1/photos/{photo_id}?variant=screen")).content
    again = await officer.get(path, headers={"If-None-Match": unfiled.headers["etag"]})
    assert again.status_code == 304

    await report(house, photos=[photo_id])
    filed = await officer.get(path, headers={"If-None-Match": unfiled.headers["etag"]})
    assert filed.status_code == 200, "it says the ticket's number now"
    assert filed.content != unfiled.content
    assert (await officer.get(path)).content == filed.content
    head = await officer.head(path)
    assert head.headers["content-length"] == str(len(filed.content))


async def test_a_unit_sees_another_watermark_than_the_desk(house: House) -> None:
    photo_id = await send_picture(house, FINDER, "before", street(house))
    await report(house, photos=[photo_id])
    seen = {
        username: (await (await house.caller(username)).get(f"/v1/photos/{photo_id}?variant=watermarked"))
        for username in ("supervisor", FINDER, "member-cityscape", "lead-cityscape")
    }
    assert {answer.status_code for answer in seen.values()} == {200}
    tags = {username: answer.headers["etag"] for username, answer in seen.items()}
    assert tags["supervisor"] == tags[FINDER]
    assert tags["member-cityscape"] == tags["lead-cityscape"]
    assert tags["supervisor"] != tags["member-cityscape"], "the officer's number is not the unit's business"


async def test_whoever_does_not_see_the_photo_sees_no_copy_of_it(house: House) -> None:
    photo_id = await send_picture(house, FINDER, "before", street(house))
    await report(house, photos=[photo_id])
    stranger = await house.caller("member-sanitation")
    answer = await stranger.get(f"/v1/photos/{photo_id}?variant=watermarked")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_where_the_copy_is_lost_that_is_said(house: House) -> None:
    photo_id = await send_picture(house, FINDER, "before", street(house))
    async for file in house.wiring.files.files("photos"):
        await house.wiring.files.delete(file.key)
    officer = await house.caller(FINDER)
    answer = await officer.get(f"/v1/photos/{photo_id}?variant=watermarked")
    assert (answer.status_code, answer.json()["code"]) == (404, "file_missing")
