"""The letters operators send when a site fails, each shape as its operator writes it."""

import html
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from demo import disguise
from demo.drafts import Draft
from demo.people import DISCLAIMER, operator_writer
from demo.sites import Site

DESK = "desk@dispatch.example"
Shape = Callable[[random.Random, Site, datetime], Draft]


def failed_at(rng: random.Random, now: datetime) -> datetime:
    """A letter is written some minutes after the failure."""
    return now - timedelta(minutes=rng.randint(4, 90))


def draft(rng: random.Random, site: Site, now: datetime, subject: str, text: str) -> Draft:
    """What all operators' letters share: the writer, his signature, the desk as recipient.

    `pole` is what the station's name alone tells; a shape that names the pole's code sets it.
    """
    writer = operator_writer(rng, site.station.group)
    cc = ("shift@" + writer.address.partition("@")[2],) if rng.random() < 0.3 else ()
    return Draft(
        sender=writer.sender,
        to=(DESK,),
        cc=cc,
        subject=subject,
        text=f"{text.strip()}\n\n-- \n{writer.signature}\n",
        date=now,
        pole=site.pole.code if site.decisive else None,
    )


def table(title: str, rows: list[tuple[str, str]], after: str = "") -> str:
    """An HTML letter round a table, as Outlook writes it."""
    cells = "".join(
        f'<tr><td style="border:solid 1pt"><b>{html.escape(name)}</b></td>'
        f'<td style="border:solid 1pt"><p class=MsoNormal>{html.escape(value)}<o:p></o:p></p></td></tr>'
        for name, value in rows
    )
    return (
        "<html><head><style>p.MsoNormal{margin:0cm;font-size:11pt}</style></head><body>"
        f"<p class=MsoNormal>{html.escape(title)}</p><table border=1 cellspacing=0>{cells}</table>"
        f'<p>&nbsp;</p><p style="font-size:8pt;color:gray">{html.escape(after)}</p></body></html>'
    )


# --- T2: contract, station, address, coordinates, since when, priority


def _t2_facts(rng: random.Random, site: Site, now: datetime) -> list[tuple[str, str]]:
    since = failed_at(rng, now)
    signed = since - timedelta(days=rng.randint(300, 1500))
    pole = site.pole
    return [
        ("Договор", f"№ {rng.randint(1000, 9999)}/{signed:%y}-АМС от {signed:%d.%m.%Y}"),
        ("Номер БС", disguise.short_t2(site.station.name)),
        ("Адрес", pole.address),
        # Longitude first: so the operator's system prints them.
        ("Координаты", f"{pole.longitude:.6f} {pole.latitude:.6f}"),
        ("ВЭС отсутствует с", f"{since:%d.%m.%Y %H:%M} МСК"),
        ("Приоритет по энергетике", str(rng.randint(1, 4))),
    ]


def t2_power(rng: random.Random, site: Site, now: datetime) -> Draft:
    facts = "\n".join(f"{name}: {value}" for name, value in _t2_facts(rng, site, now))
    subject = f"Т2 Отсутствует ВЭС {disguise.short_t2(site.station.name)}/{site.pole.code}"
    greeting = "Добрый день!\nНа площадке отсутствует внешнее электроснабжение."
    text = f"{greeting}\n\n{facts}\n\nПросьба сообщить сроки восстановления."
    return replace(draft(rng, site, now, subject, text), pole=site.pole.code)


def t2_table(rng: random.Random, site: Site, now: datetime) -> Draft:
    rows = [*_t2_facts(rng, site, now), ("Шифр опоры", disguise.disguised(rng, site.pole.code))]
    plain = "\n".join(f"{name}\t{value}" for name, value in rows) + f"\n\n{DISCLAIMER}"
    subject = f"Т2 Отсутствует ВЭС {disguise.short_t2(site.station.name)}"
    letter = draft(rng, site, now, subject, plain)
    page = table("Коллеги, добрый день! Отсутствует ВЭС:", rows, DISCLAIMER)
    return replace(letter, html=page, pole=site.pole.code)


def t2_two_numbers(rng: random.Random, site: Site, now: datetime) -> Draft:
    """The tower's other tenant is named beside T2's own station: `KR2432/ 23-02598`."""
    other = site.neighbour("megafon")
    second = disguise.padded(other.name) if other else site.pole.code
    subject = f"Т2 Отсутствует ВЭС {disguise.short_t2(site.station.name)}/ {second}"
    since = failed_at(rng, now)
    letter = draft(rng, site, now, subject, f"ВЭС нет с {since:%H:%M}. Сайт на АКБ, резерв {rng.randint(2, 6)} ч.")
    return letter if other else replace(letter, pole=site.pole.code)


# --- MegaFon: lines with labels


def megafon_form(rng: random.Random, site: Site, now: datetime) -> Draft:
    since = failed_at(rng, now)
    name, code = site.station.name, disguise.disguised(rng, site.pole.code)
    nature = rng.choice(("Отключение внешнего электропитания", "Авария по питанию, БС на АКБ", "Пропадание ВЭС"))
    text = (
        f"Номер БС: {name}\nШифр: {code}\nАдрес: {site.pole.address}\n"
        f"Время выхода аварии: {since:%d.%m.%Y %H:%M:%S}\nСуть инцидента: {nature}\n"
        f"Номер заявки: INC{rng.randrange(10**7, 10**8)}"
    )
    place = f"{site.pole.town.name}-{rng.randint(1, 20)}"
    subject = f"Отключение ВЭС на площадке {name} БС {place} ПАО МегаФон"
    return replace(draft(rng, site, now, subject, text), pole=site.pole.code)


def megafon_short(rng: random.Random, site: Site, now: datetime) -> Draft:
    town = site.pole.town.name
    subject = f"АВР ВЭС {site.station.name} {site.pole.region.letters}-{town}"
    text = f"Прошу принять в работу. БС-{disguise.padded(site.station.name)}, {town}, нет ВЭС."
    return draft(rng, site, now, subject, text)


def outside_request(rng: random.Random, site: Site, now: datetime) -> Draft:
    subject = f"Заявка внешнего контрагента {disguise.underscored(site.station.name)} (опора {site.pole.code})"
    text = "Здравствуйте! Зарегистрирована заявка внешнего контрагента, просим подтвердить приём."
    return replace(draft(rng, site, now, subject, text), pole=site.pole.code)


def outside_request_forwarded(rng: random.Random, site: Site, now: datetime) -> Draft:
    earlier = failed_at(rng, now)
    text = (
        "Для информации и принятия мер.\n\n"
        "-------- Пересылаемое сообщение --------\n"
        f'{earlier:%d.%m.%Y}, {earlier:%H:%M}, "Диспетчер" <dispatcher@megafon.example>:\n\n'
        f"Площадка {site.station.name}: сработал датчик пропадания ВЭС, адрес: {site.pole.address}\n"
        "-------- Конец пересылаемого сообщения --------"
    )
    return draft(rng, site, now, f"FWD:Заявка внешнего контрагента {site.station.name}", text)


def object_request(rng: random.Random, site: Site, now: datetime) -> Draft:
    subject = f"Заявка по объекту: {site.station.name} / {site.pole.code}"
    text = f"Добрый день. По объекту {site.station.name} требуется выезд бригады, отключён вводной автомат."
    return replace(draft(rng, site, now, subject, text), pole=site.pole.code)


# --- Beeline and MTS


def beeline_power(rng: random.Random, site: Site, now: datetime) -> Draft:
    """Bare digits, and an old mail system that speaks KOI8-R."""
    since = failed_at(rng, now)
    subject = f"Отключение ЭП на БС {site.station.name}"
    text = (
        f"На БС №{site.station.name} ({site.pole.address}) отключение электропитания\n"
        f"с {since:%H:%M} {since:%d.%m.%Y}. Питание от АКБ. Просим выезд."
    )
    encoding = rng.choice(("8bit", "quoted-printable", "base64"))
    return replace(draft(rng, site, now, subject, text), charset="koi8-r", encoding=encoding)


def mts_power(rng: random.Random, site: Site, now: datetime) -> Draft:
    """A dispatcher who types codes on a Russian keyboard, in a Windows mail program."""
    code = disguise.disguised(rng, site.pole.code, share=0.8)
    since = failed_at(rng, now)
    text = (
        f"Уважаемые коллеги!\nПросьба направить аварийную бригаду: опора {code}, БС {site.station.name},\n"
        f"{site.pole.address}. Отсутствует внешнее питание с {since:%H-%M} {since:%d.%m.%y}.\n"
        f"Счёт № {rng.randint(10_000, 99_999)} от {since - timedelta(days=20):%d.%m.%Y} оплачен, допуск оформлен."
    )
    subject = f"АВР {code} {site.pole.town.name}"
    letter = draft(rng, site, now, subject, text)
    return replace(letter, charset="windows-1251", encoding="quoted-printable", pole=site.pole.code)


def metering(rng: random.Random, site: Site, now: datetime) -> Draft:
    text = "Прибор учёта не опрашивается третьи сутки, просим проверить питание шкафа АСКУЭ и модем."
    return replace(draft(rng, site, now, f"{site.pole.code} АСКУЭ", text), pole=site.pole.code)


def only_a_name(rng: random.Random, site: Site, now: datetime) -> Draft:
    name = disguise.short_t2(site.station.name) if site.station.group == "tele2" else site.station.name
    letter = draft(rng, site, now, name, "авария, нет связи")
    return replace(letter, charset="windows-1251", encoding="8bit")
