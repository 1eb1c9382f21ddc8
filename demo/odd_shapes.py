"""Letters that do not come from a monitoring centre: forms, photos, forwards, questions, decoys."""

import json
import random
from dataclasses import replace
from datetime import datetime, timedelta

from demo import attachments, disguise
from demo.drafts import Draft
from demo.people import DISCLAIMER, full_name
from demo.registry import phone
from demo.shapes import DESK, draft, failed_at, table
from demo.sites import Site


def web_form(rng: random.Random, site: Site, now: datetime) -> Draft:
    """JSON that a web form pastes into the letter as it is."""
    form = {
        "form": "avr-request",
        "id": rng.randrange(10**5, 10**6),
        "created": failed_at(rng, now).isoformat(timespec="seconds"),
        "site": {"code": site.pole.code, "address": site.pole.address},
        "station": site.station.name,
        "reason": "Отсутствует ВЭС",
        "contact": {"name": full_name(rng), "phone": phone(rng)},
        "ip": f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}",
    }
    letter = draft(rng, site, now, "Новая заявка с портала", "")
    text = json.dumps(form, ensure_ascii=False, indent=rng.choice((None, 2)))
    return replace(letter, text=text, sender=("Портал заявок", "portal@megafon.example"), pole=site.pole.code)


def forwarded_and_cut(rng: random.Random, site: Site, now: datetime) -> Draft:
    """Forwarded from Outlook; the subject was too long for the code, the body has it whole."""
    since = failed_at(rng, now)
    subject = f"FW: Отсутствие ВЭС с {since:%d.%m.%Y} г. на позиции - АМС, {disguise.cut(site.pole.code)}"
    block = (
        f"From: {full_name(rng)}\nSent: {since:%d.%m.%Y %H:%M}\nTo: Дежурная смена\n"
        f"Subject: Отсутствие ВЭС\n\nНа позиции {site.pole.code}, {site.pole.address}, с {since:%H:%M} "
        "отсутствует внешнее электроснабжение."
    )
    letter = draft(rng, site, now, subject, f"Коллеги, просьба взять в работу.\n\n{block}")
    return replace(letter, pole=site.pole.code)


def place_without_number(rng: random.Random, site: Site, now: datetime) -> Draft:
    """A name of a place and nothing else: nobody can tell which site it is."""
    town = site.pole.town.name
    subject = rng.choice((f"Нет света {town}", f"{town}, авария", f"Отключение, {town} и район"))
    text = f"Здравствуйте, по {town} и окрестностям пропало питание, когда восстановят?"
    return replace(draft(rng, site, now, subject, text), pole=None)


def photo_of_damage(rng: random.Random, site: Site, now: datetime) -> Draft:
    """From somebody of the tower company who stands at the site."""
    name = full_name(rng)
    text = (
        f"Осмотрел опору {site.pole.code}: оборвана оттяжка второго яруса, ствол качает.\n"
        f"Фото во вложении. На площадке до 18:00, мой номер {phone(rng)}."
    )
    letter = draft(rng, site, now, f"Угроза гибели объекта {site.pole.code}", text)
    pictures = tuple(attachments.photo(f"IMG_{now:%Y%m%d}_{n:04d}.jpg", rng) for n in range(1, rng.randint(2, 4)))
    sender = (name, "linear.engineer@towers.example")
    return replace(letter, sender=sender, attachments=pictures, pole=site.pole.code)


def access_request(rng: random.Random, site: Site, now: datetime) -> Draft:
    """A letter with a PDF of the order, under the name of a file in Russian."""
    when = now + timedelta(days=rng.randint(1, 5))
    text = (
        f"Просим организовать доступ на объект {site.pole.code} ({site.pole.address})\n"
        f"{when:%d.%m.%Y} с 10:00 до 17:00 для планового осмотра оборудования БС {site.station.name}.\n"
        f"Список сотрудников и автомобиль указаны в письме № {rng.randint(100, 9999)}, приложено."
    )
    letter = draft(rng, site, now, f"Запрос доступа на объект {site.pole.code}", text)
    order = attachments.pdf(f"Письмо о доступе {site.pole.code}.pdf", f"Access request, site {site.pole.code}")
    return replace(letter, attachments=(order,), pole=site.pole.code)


def fibre_break(rng: random.Random, site: Site, now: datetime) -> Draft:
    since = failed_at(rng, now)
    rows = [["БС", "Шифр", "Адрес", "Время"]]
    rows.append([site.station.name, site.pole.code, site.pole.address, f"{since:%d.%m.%Y %H:%M}"])
    text = (
        f"Авария ВОЛС, обрыв на подходе к площадке {disguise.disguised(rng, site.pole.code)}.\n"
        "Перечень затронутых позиций в таблице."
    )
    letter = draft(rng, site, now, f"Авария ВОЛС {site.pole.town.name}", text)
    list_of_sites = attachments.workbook("Перечень позиций.xlsx", rows)
    return replace(letter, attachments=(list_of_sites,), pole=site.pole.code)


def authority(rng: random.Random, site: Site, now: datetime) -> Draft:
    text = (
        f"Администрация района просит в срок до {now + timedelta(days=3):%d.%m.%Y} сообщить, кому принадлежит\n"
        f"антенная опора ({site.pole.code}) по адресу: {site.pole.address}, и принять меры к покосу травы."
    )
    letter = draft(rng, site, now, f"Запрос о принадлежности опоры, исх. № {rng.randint(100, 999)}-01", text)
    sender = ("Администрация района", "office@district.example")
    scan = attachments.pdf("Запрос.pdf", f"Request about mast {site.pole.code}")
    return replace(letter, sender=sender, attachments=(scan,), pole=site.pole.code)


def chain_about_another_site(rng: random.Random, site: Site, now: datetime) -> Draft:
    """New words on this site over a quoted letter about another one, which must not count."""
    before = now - timedelta(days=rng.randint(20, 60))
    other = f"{rng.randrange(12_000, 80_000)}-P-{site.pole.region.code}-1-1"
    text = (
        f"Добрый день! Теперь то же самое на {site.pole.code}, просьба принять.\n\n"
        f"{before:%d.%m.%Y}, {before:%H:%M}, Диспетчер <{DESK}> пишет:\n"
        f"> Работы на опоре {other} завершены, питание восстановлено.\n"
        f"> Заявка закрыта."
    )
    letter = draft(rng, site, now, "Re: отключение питания", text)
    return replace(letter, pole=site.pole.code)


def long_disclaimer(rng: random.Random, site: Site, now: datetime) -> Draft:
    """HTML only in substance: the plain part is empty, the page ends in small print."""
    rows = [("Объект", site.pole.code), ("БС", site.station.name), ("Авария", "нет внешнего питания")]
    letter = draft(rng, site, now, f"Авария {site.station.name}", "")
    return replace(letter, text="\n", html=table("Авария на объекте", rows, DISCLAIMER), pole=site.pole.code)
