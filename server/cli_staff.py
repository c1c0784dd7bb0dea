"""`cinebook staff`: who may sign in behind the counter.

What works on the accounts is imported by the commands, as in `server.cli`.
"""

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Annotated, TypeVar

import typer

from server.domain.staff import (
    CLI,
    MAX_PASSWORD,
    Role,
    StaffError,
    StaffMember,
    checked_login,
    checked_name,
    checked_password,
)
from server.ports import StaffAccounts

T = TypeVar("T")

Login = Annotated[str, typer.Argument(help="What is typed to sign in: a-z, 0-9, '.', '_', '@', '-', in any case.")]


def staff_commands(
    database: Callable[[], AbstractContextManager[str]], failing_clearly: Callable[[], AbstractContextManager[None]]
) -> typer.Typer:
    """The commands. `database` gives the URL of a migrated database; `failing_clearly` ends the process on an error."""
    app = typer.Typer(no_args_is_help=True, help="Who may sign in behind the counter.")

    def on_accounts(work: Callable[[StaffAccounts], Awaitable[T]]) -> T:
        from server.staff_accounts import work_on

        with database() as url:
            return work_on(url, work)

    @app.command()
    def add(
        login: Login,
        role: Annotated[Role, typer.Option(help="What they may do; a manager may do all.")],
        name: Annotated[str, typer.Option(help="What colleagues see; by default the login.")] = "",
    ) -> None:
        """Open an account; the password is asked for, or read as one line from a pipe."""
        with failing_clearly():
            login, name = checked_login(login), checked_name(name or login)
            password_hash = _new_password_hash()
            on_accounts(
                lambda accounts: accounts.add(login=login, name=name, role=role, password_hash=password_hash, actor=CLI)
            )
        typer.echo(f"{login} may sign in now, as {role.value}")

    @app.command("list")
    def list_all() -> None:
        """Print every account: login, role, name, and whether it is disabled."""
        with failing_clearly():
            members = on_accounts(lambda accounts: accounts.members())
        for member in members:
            typer.echo("\t".join(_columns(member)))

    @app.command()
    def disable(login: Login) -> None:
        """Sign somebody out everywhere and let them in no more."""
        with failing_clearly():
            login = checked_login(login)
            on_accounts(lambda accounts: accounts.disable(login, actor=CLI))
        typer.echo(f"{login} is signed out everywhere and may sign in no more")

    @app.command()
    def enable(login: Login) -> None:
        """Let somebody in again who was disabled, with the password that they had."""
        with failing_clearly():
            login = checked_login(login)
            on_accounts(lambda accounts: accounts.enable(login, actor=CLI))
        typer.echo(f"{login} may sign in again, with the same password as before")

    @app.command()
    def password(login: Login) -> None:
        """Give an account another password, and sign it out everywhere."""
        with failing_clearly():
            login = checked_login(login)
            password_hash = _new_password_hash()
            on_accounts(lambda accounts: accounts.set_password(login, password_hash, actor=CLI))
        typer.echo(f"{login} has another password, and is signed out everywhere")

    return app


def _columns(member: StaffMember) -> tuple[str, ...]:
    state = ("disabled",) if member.disabled_at is not None else ()
    return (member.login, member.role.value, member.name, *state)


def _new_password_hash() -> str:
    from server.identity.passwords import Passwords

    password = checked_password(_ask_twice() if sys.stdin.isatty() else _read_line())
    passwords = Passwords()
    try:
        return asyncio.run(passwords.hash(password))
    finally:
        passwords.close()


def _ask_twice() -> str:
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise StaffError("the two passwords differ")
    return password


def _read_line() -> str:
    return sys.stdin.readline(MAX_PASSWORD + 2).rstrip("\r\n")
