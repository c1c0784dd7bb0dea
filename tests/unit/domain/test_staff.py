"""What logins, names, passwords and roles are."""

import pytest

from server.domain.staff import Role, StaffError, checked_login, checked_name, checked_password, normal_login


@pytest.mark.parametrize("text", ["mai", "MAI", "mai.anh@rap-1_a", "0", "m" * 64])
def test_a_login_is_one_in_any_case(text: str) -> None:
    """And always kept in lower case."""
    assert checked_login(text) == normal_login(text) == text.lower()


@pytest.mark.parametrize("text", ["", " mai", "m i", "-mai", ".mai", "m" * 65, "mì", "mai\n", "a\0b", "\u212amai", "İ"])
def test_what_looks_otherwise_is_no_login(text: str) -> None:
    """Letters of other alphabets least of all, whose lower case may be one of ours."""
    assert normal_login(text) is None
    with pytest.raises(StaffError):
        checked_login(text)


@pytest.mark.parametrize("text", ["Mai", "  Nguyễn Thị Mai  ", "<b>Mai</b>", "x" * 100])
def test_a_name_is_what_people_write(text: str) -> None:
    """Put together in one way, without the spaces around it."""
    assert checked_name(text) == text.strip()


@pytest.mark.parametrize("text", ["", "   ", "x" * 101, "a\nb", "a\0b", "\u202eiam", "a\u200bb"])
def test_what_cannot_be_seen_is_no_name(text: str) -> None:
    """Characters that hide or turn others round do not pass."""
    with pytest.raises(StaffError):
        checked_name(text)


def test_a_password_is_long_enough_and_not_endless() -> None:
    """Counted in characters as they are hashed; the refusal does not repeat it."""
    assert checked_password("a" * 12) == "a" * 12
    assert checked_password("e\u0301" * 12) == "é" * 12
    for wrong in ("", "eleven char", "e\u0301" * 11, "a" * 1025):
        with pytest.raises(StaffError) as refused:
            checked_password(wrong)
        assert not wrong or wrong not in str(refused.value)


def test_a_manager_may_what_the_box_office_may() -> None:
    """And not the other way round."""
    allowed = {(role, needed) for role in Role for needed in Role if role.covers(needed)}
    assert allowed == {
        (Role.MANAGER, Role.MANAGER),
        (Role.MANAGER, Role.BOX_OFFICE),
        (Role.BOX_OFFICE, Role.BOX_OFFICE),
    }
