"""Mail: what arrives at a mail server on loopback, and what a refusal is called."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from admin_app.sending import mail
from admin_app.sending.letters import Letter
from admin_app.sending.robots import NotSent
from tests.sending_support import mail_server

LETTER = Letter("今日提要\n第二行", "逾期 2 条\n", "<p>逾期 <b>2</b> 条</p>")


@pytest.fixture
def configured(app: Flask) -> Iterator[Flask]:
    app.config["CAREDESK_MAIL_FROM"] = "关爱台 <desk@example.com>"
    yield app
    app.config["CAREDESK_MAIL_URL"] = app.config["CAREDESK_MAIL_FROM"] = ""


def send(app: Flask, address: str, receiver: str = "li@example.com") -> None:
    app.config["CAREDESK_MAIL_URL"] = address
    with mail.Post() as post:
        post.send(mail.written(LETTER, receiver, "morning:2026-11-23:user:3"))


def test_a_letter_arrives_as_text_and_as_html(configured: Flask) -> None:
    with mail_server() as server:
        send(configured, f"smtp://127.0.0.1:{server.port}")
    receivers, found = server.got[0]
    assert receivers == ["li@example.com"]
    assert str(found["From"]) == "关爱台 <desk@example.com>"
    assert str(found["Subject"]) == "今日提要 第二行"
    assert found["Message-ID"] == "<morning.2026-11-23.user.3@example.com>"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found.get_body(("plain",)).get_content().strip() == "逾期 2 条"
    assert "<b>2</b>" in found.get_body(("html",)).get_content()


def test_a_wrong_password_is_final_and_said(configured: Flask) -> None:
    with mail_server("desk@example.com", "right") as server:
        with pytest.raises(NotSent, match="用户名或密码") as error:
            send(configured, f"smtp://desk%40example.com:wrong@127.0.0.1:{server.port}")
        assert error.value.final
        assert server.got == []


def test_a_password_with_signs_is_taken(configured: Flask) -> None:
    with mail_server("desk@example.com", "p@ss:/word") as server:
        send(configured, f"smtp://desk%40example.com:p%40ss%3A%2Fword@127.0.0.1:{server.port}")
    assert len(server.got) == 1


def test_encryption_that_is_demanded_is_not_done_without(configured: Flask) -> None:
    with mail_server() as server:
        with pytest.raises(NotSent):
            send(configured, f"smtp+starttls://127.0.0.1:{server.port}")
        assert server.got == []


def test_a_password_does_not_leave_the_machine_unencrypted(configured: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "is_loopback", lambda _host: False)  # as another machine is seen
    with mail_server("desk", "secret") as server:
        with pytest.raises(NotSent, match="不支持加密") as error:
            send(configured, f"smtp://desk:secret@127.0.0.1:{server.port}")
        assert error.value.final
        assert server.got == []


def test_a_receiver_that_is_not_there_is_final(configured: Flask) -> None:
    with mail_server() as server:
        server.refuse.add("gone@example.com")
        with pytest.raises(NotSent, match="收件地址") as error:
            send(configured, f"smtp://127.0.0.1:{server.port}", "gone@example.com")
        assert error.value.final


def test_one_connection_takes_several_and_goes_on_after_a_refusal(configured: Flask) -> None:
    with mail_server() as server:
        configured.config["CAREDESK_MAIL_URL"] = f"smtp://127.0.0.1:{server.port}"
        server.refuse.add("gone@example.com")
        with mail.Post() as post:
            post.send(mail.written(LETTER, "a@example.com", "a"))
            with pytest.raises(NotSent):
                post.send(mail.written(LETTER, "gone@example.com", "b"))
            post.send(mail.written(LETTER, "c@example.com", "c"))
    assert [receivers for receivers, _mail in server.got] == [["a@example.com"], ["c@example.com"]]


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "smtp://", "mail"])
def test_an_address_that_is_none_is_final(configured: Flask, address: str) -> None:
    with pytest.raises(NotSent, match="不是邮件服务器地址") as error:
        send(configured, address)
    assert error.value.final


def test_a_server_that_is_not_there_is_tried_again(configured: Flask) -> None:
    with mail_server() as server:
        port = server.port
    with pytest.raises(NotSent, match="连接不上邮件服务器") as error:
        send(configured, f"smtp://127.0.0.1:{port}")
    assert not error.value.final


@pytest.mark.parametrize("receiver", ["", "nobody", "a@b\nBcc: c@example.com", "a b@example.com"])
def test_an_address_that_is_none_is_not_written_to(configured: Flask, receiver: str) -> None:
    with pytest.raises(NotSent, match="邮箱地址"):
        mail.written(LETTER, receiver, "x")
