"""What people of operators and of the desk write: words of the mix, with numbers around that name no site."""

from __future__ import annotations

import re
from random import Random

SURNAMES = str.split("Иванов Петров Сидоров Кузнецов Смирнов Попов Волков Зайцев Морозов Лебедев Козлов Новиков")
NAMES = str.split("Иван Пётр Сергей Алексей Дмитрий Андрей Михаил Олег Павел Николай")
PLACES = str.split("Стулово Боровое Заречье Ключи Сосновка Красный-Яр Берёзовка Майский Первомайское Луговое")
DUTIES = ["Дежурный инженер", "Старший смены NOC", "Инженер эксплуатации", "Специалист отдела энергетики"]
DISCLAIMER = (
    "Настоящее сообщение и любые приложения к нему предназначены исключительно для адресата и могут содержать "
    "конфиденциальную информацию.\nЕсли вы получили его по ошибке, сообщите об этом отправителю по телефону "
    "+7 (495) 555-01-97, доб. 4321, и удалите письмо.\nИНН 7701234567, 610000, г. Киров, ул. Советская, д. 30."
)
REPLIES = [
    "Коллеги, подскажите, пожалуйста, статус по заявке.",
    "Добрый день.\nПросим сообщить ожидаемое время восстановления.",
    "Питание по-прежнему отсутствует, батареи на исходе. Прошу ускорить.",
    "Доступ на площадку согласован, ключи у охраны.\nПропуск оформлен на бригаду из двух человек.",
    "Благодарим за информацию, ждём завершения работ.",
    "Уточняем: авария затрагивает весь сектор, трафик перенаправлен.",
]
ANSWERS = [
    "Здравствуйте.\nЗаявка принята в работу, бригада выезжает.",
    "Добрый день.\nПодрядчик на площадке, выполняется запуск генератора.",
    "Коллеги, электросетевая компания подтвердила аварию на фидере, восстановление ориентировочно до вечера.",
]
AWAY = "Здравствуйте!\nЯ в отпуске до конца месяца. По срочным вопросам обращайтесь к дежурной смене."
OTHER_SUBJECTS = ["Вопрос по акту", "пропуск на завтра", "Дополнительная информация от энергетиков", "сроки"]
FILES = [
    ("Акт обследования площадки.pdf", "application/pdf", b"%PDF-1.6\n"),
    ("Фото щита учёта.jpg", "image/jpeg", b"\xff\xd8\xff\xe0"),
    ("Уведомление сетевой компании о плановом отключении потребителей на период ремонтных работ.docx",
     "application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK\x03\x04"),
    ("Перечень отключений за сутки (ВЭС).xlsx",
     "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK\x03\x04"),
    ("IMG_20260812_104512.jpg", "image/jpeg", b"\xff\xd8\xff\xe1"),
    ("scan 0017.pdf", "application/pdf", b"%PDF-1.4\n"),
]  # fmt: skip
# Latin letters of a code as people type them in a Russian layout.
LOOKALIKES = str.maketrans("ABEKMHOPCTX", "АВЕКМНОРСТХ")
T2 = re.compile(r"[A-Z]{2}\d{4,6}")
MEGAFON = re.compile(r"\d{2}-\d{3,5}")


def opening(rng: Random, pole: str, station: str) -> tuple[str, str]:
    """Subject and text of a first letter, as the operator that owns such a station writes them."""
    since = f"{rng.randint(1, 28):02}.08.2026 {rng.randint(0, 23):02}:{rng.randint(0, 59):02}"
    place = f"{rng.choice(PLACES)}, ул. Мира, д. {rng.randint(1, 99)}"
    if rng.random() < 0.15:
        pole = pole.translate(LOOKALIKES)
    if T2.fullmatch(station):
        return f"Т2 Отсутствует ВЭС {station}/{pole}", _t2(rng, pole, station, since, place)
    if MEGAFON.fullmatch(station):
        return f"Отключение ВЭС на площадке {station} БС {rng.choice(PLACES)} ПАО МегаФон", _megafon(
            pole, station, since, place
        )
    text = (
        f"Здравствуйте.\n\nС {since} нет электропитания на БС {station} (опора {pole}), адрес: {place}.\n"
        f"Просим проверить вводной автомат и сообщить о сроках восстановления по тел. 8 800 555-01-43, доб. 18."
    )
    return f"Отключение ЭП на БС {station}", text


def _t2(rng: Random, pole: str, station: str, since: str, place: str) -> str:
    return (
        f"Добрый день!\n\nВ рамках договора № {rng.randint(1000, 9999)}/19 от 12.03.2019 просим принять заявку "
        f"в работу.\n\nНомер БС: {station}\nНомер опоры: {pole}\nАдрес: {place}\n"
        f"Координаты: 49.{rng.randint(100000, 999999)} 58.{rng.randint(100000, 999999)}\n"
        f"Отсутствует ВЭС с: {since}\nПриоритет по энергетике: {rng.randint(1, 3)}\n\n"
        f"Просим сообщить о результатах ответным письмом."
    )


def _megafon(pole: str, station: str, since: str, place: str) -> str:
    return (
        f"Коллеги, добрый день.\n\nНомер БС: {station}\nШифр: {pole}\nАдрес: {place}\n"
        f"Время выхода аварии: {since}\nСуть инцидента: пропадание внешнего электроснабжения, работа от АКБ\n\n"
        f"Прошу принять меры."
    )


def signature(rng: Random, name: str) -> str:
    lines = f"С уважением,\n{name}\n{rng.choice(DUTIES)}\nтел. +7 (912) 555-{rng.randint(10, 99)}-{rng.randint(10, 99)}"
    return f"{lines}\n\n{DISCLAIMER}" if rng.random() < 0.5 else lines


def quoted(text: str, name: str, address: str, day: str) -> str:
    """The letter before, as a mail program quotes it below an answer."""
    return f"{day}, {name} <{address}> написал(а):\n" + "\n".join(f"> {line}" for line in text.split("\n"))
