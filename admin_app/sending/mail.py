"""Mail through the store's own mail server (CAREDESK_MAIL_URL). A password never travels unencrypted, save on this
machine."""

from __future__ import annotations

import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from flask import current_app
from flask_babel import gettext as _

from admin_app.sending.letters import Letter
from admin_app.sending.robots import NotSent, reason
from admin_app.settings import is_loopback

SCHEMES = {"smtp": 587, "smtp+starttls": 587, "smtps": 465}
TIMEOUT = 20.0  # seconds


def is_set() -> bool:
    """Whether this installation sends mail at all."""
    return bool(current_app.config["CAREDESK_MAIL_URL"] and current_app.config["CAREDESK_MAIL_FROM"])


def written(letter: Letter, receiver: str, key: str) -> EmailMessage:
    """A letter as a mail. Its Message-ID follows from the key, so that a repeat can be known for one.

    NotSent where an address is none.
    """
    name, sender = parseaddr(str(current_app.config["CAREDESK_MAIL_FROM"]))
    try:
        found = EmailMessage()
        found["From"] = Address(name, addr_spec=sender)
        found["To"] = Address(addr_spec=receiver)
        found["Subject"] = " ".join(letter.subject.split())
        found["Date"] = formatdate()
        found["Message-ID"] = f"<{key.replace(':', '.')}@{sender.rpartition('@')[2]}>"
        found["Auto-Submitted"] = "auto-generated"
    except (ValueError, IndexError):
        raise NotSent(_("This is not an e-mail address."), final=True) from None
    found.set_content(letter.text)
    found.add_alternative(letter.html, subtype="html")
    return found


class Post:
    """One connection to the mail server for several mails, opened with the first of them."""

    def __init__(self) -> None:
        self._open: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None,
                 _trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; nothing is said where it is gone already."""
        server, self._open = self._open, None
        if server is not None:
            try:
                server.quit()
            except (OSError, smtplib.SMTPException):
                server.close()

    def send(self, mail: EmailMessage) -> None:
        """Hand a mail over. NotSent with a sentence; final where the server refuses the sign-in or the receiver."""
        try:
            if self._open is None:
                self._open = _connected()
            self._open.send_message(mail)
        except smtplib.SMTPAuthenticationError:
            self.close()
            raise NotSent(_("The mail server refuses the user or the password of CAREDESK_MAIL_URL."),
                          final=True) from None
        except smtplib.SMTPRecipientsRefused:
            self.close()
            raise NotSent(_("The mail server does not take this address."), final=True) from None
        except smtplib.SMTPResponseException as error:
            self.close()
            raise NotSent(_("The mail server answers %(code)s.", code=error.smtp_code)) from None
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise NotSent(_("The mail server cannot be reached: %(why)s", why=reason(error))) from None


def _connected() -> smtplib.SMTP:
    parts = urlsplit(str(current_app.config["CAREDESK_MAIL_URL"]))
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise NotSent(_("CAREDESK_MAIL_URL is no address of a mail server."), final=True)
    host, port = parts.hostname, parts.port or SCHEMES[parts.scheme]
    safely = ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=safely)
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT)
    try:
        server.ehlo()
        encrypted = parts.scheme == "smtps"
        if not encrypted and (parts.scheme == "smtp+starttls" or server.has_extn("starttls")):
            server.starttls(context=safely)
            encrypted = True
        if parts.username:
            if not encrypted and not is_loopback(host):
                raise NotSent(_("The mail server offers no encryption; the password is not sent to it."), final=True)
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server
