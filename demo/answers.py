"""What follows an opening letter: answers of all sides, "(Закрыто)" notices, autoreplies, bounces."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime

from demo.drafts import Draft, new_message_id, render
from demo.letters import Letter
from demo.people import contractor_writer
from demo.registry import Registry
from demo.shapes import DESK

OPERATOR_WORDS = (
    "Подскажите, пожалуйста, сроки восстановления. БС на АКБ, осталось около часа.",
    "Прошу ускорить, приоритет объекта повышен.",
    "Ответственный от нашей стороны на связи, пропуск на бригаду заказан.",
    "Питание моргнуло и снова пропало. Авария наблюдается.",
    "Есть новости по выезду бригады?",
    "Со стороны сетевой компании подтвердили отключение, ориентировочно до {later:%H:%M}.",
    "Спасибо, ждём.",
)
CONTRACTOR_WORDS = (
    "Заявку приняли. Бригада выехала, прибытие ориентировочно в {later:%H:%M}.",
    "Бригада на месте. Отключён вводной автомат, выясняем причину.",
    "Выполнено подключение ДГУ, объект на генерации с {later:%H:%M}.",
    "Причина: авария на ВЛ-10 кВ, работает сетевая компания. Дежурим на объекте.",
    "Питание восстановлено, напряжение в норме по трём фазам. Бригада убыла.",
    "Нет доступа на площадку, ключи у собственника. Просим помочь с пропуском.",
)
DESK_WORDS = (
    "Добрый день! Заявка принята в работу, бригада уведомлена.",
    "Здравствуйте! Взято в работу. О сроках сообщим дополнительно.",
    "Заявка передана подрядчику, ожидаем прибытия бригады.",
    "Питание на объекте восстановлено, просим подтвердить отсутствие аварии.",
)


def from_operator(rng: random.Random, opening: Letter, now: datetime) -> Letter:
    """The requester writes again."""
    return _answer(rng, opening, now, sender=opening.draft.sender, words=rng.choice(OPERATOR_WORDS))


def from_contractor(rng: random.Random, registry: Registry, opening: Letter, now: datetime) -> Letter | None:
    """The contractor answers what the desk forwarded; None where the registry knows no address."""
    contractor = registry.contractor_by_pole.get(opening.site)
    if contractor is None or not contractor.emails:
        return None
    writer = contractor_writer(rng, contractor.name, contractor.emails[0])
    words = f"{rng.choice(CONTRACTOR_WORDS)}\n\n-- \n{writer.signature}"
    return _answer(rng, opening, now, sender=writer.sender, words=words)


def from_desk(rng: random.Random, opening: Letter, now: datetime, *, code: str = "") -> Letter:
    """What a dispatcher answers from his mail program: found in Sent."""
    words = f"{rng.choice(DESK_WORDS)}\n\n-- \nДиспетчерская служба"
    if code:
        words = words.replace("Заявка", f"Заявка {code}", 1)
    answer = _answer(
        rng, opening, now, sender=("Диспетчерская служба", DESK), words=words,
        to=(opening.draft.sender[1],), prefix=f"Re: {code}: " if code else "Re: ",
    )  # fmt: skip
    return answer


def power_is_back(rng: random.Random, opening: Letter, now: datetime) -> Letter:
    """T2's notice: a new letter, tied to the first one by nothing but the subject and the site."""
    text = f"Внешнее электроснабжение восстановлено в {now - timedelta(minutes=3):%H:%M}. Заявка закрыта."
    draft = replace(
        opening.draft,
        subject=f"{opening.draft.subject} (Закрыто)",
        text=text,
        html="",
        attachments=(),
        date=now,
        message_id=new_message_id(rng, opening.draft.sender[1]),
        references=(),
        shape="power_is_back",
    )
    return replace(opening, raw=render(draft), draft=draft)


def out_of_office(rng: random.Random, letter: Letter, now: datetime) -> Letter:
    """A machine answers the desk."""
    back = now + timedelta(days=rng.randint(2, 14))
    text = f"Здравствуйте!\nЯ в отпуске до {back:%d.%m.%Y}. По срочным вопросам пишите дежурной смене."
    answer = _answer(
        rng, letter, now, sender=letter.draft.sender, words=text, prefix="Автоматический ответ: ", quote=False
    )
    headers = (("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All"), ("Precedence", "bulk"))
    draft = replace(answer.draft, headers=headers, shape="out_of_office")
    return replace(answer, raw=render(draft), draft=draft)


_BOUNCE = """\
From: Mail Delivery System <mailer-daemon@mail.dispatch.example>
To: {desk}
Subject: Undelivered Mail Returned to Sender
Date: {date}
Message-ID: {message_id}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="{edge}"

--{edge}
Content-Type: text/plain; charset=us-ascii

<{recipient}>: host refused the letter: 550 5.1.1 no such mailbox

--{edge}
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.dispatch.example

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.1.1

--{edge}
Content-Type: text/rfc822-headers

{headers}
--{edge}--
"""


def bounce(rng: random.Random, sent: Letter, now: datetime) -> Letter:
    """The delivery report for a letter of the desk (RFC 3464)."""
    message_id = new_message_id(rng, "mailer-daemon@mail.dispatch.example")
    text = _BOUNCE.format(
        desk=DESK,
        date=format_datetime(now),
        message_id=message_id,
        edge=f"=_{rng.getrandbits(64):016x}",
        recipient=sent.draft.to[0],
        headers=sent.raw.split(b"\r\n\r\n")[0].decode("ascii").replace("\r\n", "\n"),
    )
    sender = ("Mail Delivery System", "mailer-daemon@mail.dispatch.example")
    draft = replace(sent.draft, sender=sender, to=(DESK,), date=now, message_id=message_id, shape="bounce")
    return replace(sent, raw=text.replace("\n", "\r\n").encode("ascii"), draft=draft)


def _answer(
    rng: random.Random,
    to_letter: Letter,
    now: datetime,
    *,
    sender: tuple[str, str],
    words: str,
    to: tuple[str, ...] = (DESK,),
    prefix: str = "Re: ",
    quote: bool = True,
) -> Letter:
    """An answer in the thread, with the letter answered quoted below as some mail program does it."""
    first = to_letter.draft
    text = words.format(later=now + timedelta(minutes=rng.randint(30, 150)))
    if quote:
        text += "\n\n" + rng.choice((_as_mail_ru, _as_outlook, _as_thunderbird))(first)
    subject = first.subject if first.subject.startswith(prefix) else prefix + first.subject
    draft = Draft(
        sender=sender,
        to=to,
        subject=subject,
        text=text,
        date=now,
        charset=rng.choice(("utf-8", "utf-8", "koi8-r", "windows-1251")),
        encoding=rng.choice(("base64", "quoted-printable")),
        message_id=new_message_id(rng, sender[1]),
        references=(*first.references, *((first.message_id,) if first.message_id else ())),
        pole=first.pole,
        shape="answer",
    )
    return Letter(render(draft), draft, to_letter.site, to_letter.region)


def _quoted(draft: Draft) -> str:
    return "\n".join(f"> {line}" for line in draft.text.splitlines())


def _as_mail_ru(draft: Draft) -> str:
    return f"{draft.date:%d.%m.%Y, %H:%M}, {draft.sender[0]} <{draft.sender[1]}> пишет:\n{_quoted(draft)}"


def _as_thunderbird(draft: Draft) -> str:
    return f"{draft.date:%d.%m.%Y %H:%M}, {draft.sender[0]} пишет:\n{_quoted(draft)}"


def _as_outlook(draft: Draft) -> str:
    return (
        f"________________________________\nОт: {draft.sender[0]} <{draft.sender[1]}>\n"
        f"Отправлено: {draft.date:%d.%m.%Y %H:%M}\nКому: {', '.join(draft.to)}\n"
        f"Тема: {draft.subject}\n\n{draft.text}"
    )
