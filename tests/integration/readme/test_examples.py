"""The examples of the README run against a real server, word for word but for its address."""

import asyncio
import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from server.embedded import Addresses
from server.tickets.codes import verify
from tests.integration.app import running, settings_for

README = (Path(__file__).parents[3] / "README.md").read_text()
PRINTED_ADDRESS = "http://127.0.0.1:8000"


def blocks(language: str) -> list[str]:
    """The README's blocks in this language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


async def answers(blocks: list[str], url: str) -> list[Any]:
    """What `curl` prints when one shell runs these blocks on the server at `url`; every request succeeds."""
    script = "".join(blocks).replace(PRINTED_ADDRESS, url).replace("curl -s", "echo; curl -s -f")
    script = script.replace("$(echo; ", "$(")
    shell = await asyncio.create_subprocess_exec("sh", "-e", stdin=-1, stdout=-1, stderr=-1)
    said, complained = await asyncio.wait_for(shell.communicate(script.encode()), 60)
    assert (shell.returncode, complained) == (0, b"")
    return [json.loads(line) for line in said.split(b"\n") if line]


async def test_the_curl_examples(redis_url: str, seeded_database_url: str, key_prefix: str, tmp_path: Path) -> None:
    """The seat routes answer as the README says; then the same shell buys two seats with genuine tickets."""
    seats, purchase = blocks("sh")
    async with running(settings_for(tmp_path, key_prefix), Addresses(redis_url, seeded_database_url)) as app:
        locked, status, extended, unlocked, rest, *bought = await answers([seats, purchase], app.url)
    assert locked["locked"] == ["F7", "F8"]
    assert {seat["seat"] for seat in status["seats"] if seat["mine"]} == {"F7", "F8"}
    assert extended["extended"] == ["F7"]
    assert unlocked["unlocked"] == ["F8"]
    assert rest["unlocked"] == ["F7"]
    held, told, order, key = bought
    assert held["locked"] == ["F7", "F8"]
    assert told == {"verdict": "recorded"}
    assert (order["state"], order["amount"]) == ("paid", 190_000)
    public = base64.urlsafe_b64decode(key["x"] + "=")
    assert [verify(public, ticket["code"]).seat for ticket in order["tickets"]] == ["F7", "F8"]


async def test_the_python_example(
    redis_url: str, seeded_database_url: str, key_prefix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints the map, and then events."""
    async with running(settings_for(tmp_path, key_prefix), Addresses(redis_url, seeded_database_url)) as app:
        scope: dict[str, object] = {"__name__": "example"}
        (example,) = blocks("python")
        source = example.replace("asyncio.run(main())", "")
        exec(compile(source.replace(PRINTED_ADDRESS.replace("http", "ws"), app.ws_url), "README.md", "exec"), scope)  # noqa: S102 - our own README
        main = scope["main"]
        assert callable(main)
        task = asyncio.ensure_future(main())
        printed = ""
        async with asyncio.timeout(60):
            while "SeatMap" not in printed:
                await asyncio.sleep(0.05)
                printed += capsys.readouterr().out
                if task.done():
                    await task
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
