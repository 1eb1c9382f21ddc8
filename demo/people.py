"""Invented people and companies who write letters, and their signatures."""

import random
from dataclasses import dataclass

from demo.registry import phone

SURNAMES = (
    "Ветлугин", "Горчаков", "Дроздецкий", "Ермаченко", "Жильцов", "Заборский", "Истратов",
    "Калитин", "Луговской", "Мережкин", "Новоторов", "Острецов", "Песчаный", "Рудаков",
    "Сторожев", "Тихомолов", "Ушатов", "Филимошин", "Хвостиков", "Черемных", "Шелестов",
)  # fmt: skip
FIRST_NAMES = (
    "Алексей", "Борис", "Виктор", "Глеб", "Денис", "Егор", "Илья", "Кирилл", "Леонид",
    "Максим", "Олег", "Павел", "Роман", "Сергей", "Тимур", "Фёдор", "Юрий",
)  # fmt: skip

NOC = {
    "tele2": ("ЦУС Т2", "noc@t2.example", "Дежурная смена ЦУС Т2"),
    "megafon": ("NOC МегаФон", "noc@megafon.example", "Группа мониторинга ПАО «МегаФон»"),
    "vimpelcom": ("Дежурный инженер Билайн", "duty@beeline.example", "ПАО «ВымпелКом», ЦУС"),
    "mts": ("МТС Заявки", "service-desk@mts.example", "Служба эксплуатации ПАО «МТС»"),
    "other": ("Диспетчер", "dispatch@lugsvyaz.example", "ООО «Луговая связь»"),
}

DISCLAIMER = (
    "Информация в этом сообщении предназначена исключительно для конкретных лиц, которым она "
    "адресована. В сообщении может содержаться конфиденциальная информация, которая не может быть "
    "раскрыта или использована кем-либо, кроме адресатов. Если вы не адресат этого сообщения, то "
    "использование, переадресация, копирование или распространение содержания сообщения или его "
    "части незаконно и запрещено. Если вы получили это сообщение ошибочно, пожалуйста, "
    "незамедлительно сообщите отправителю об этом и удалите со всем содержимым само сообщение и "
    "любые возможные его копии и приложения.\n\n"
    "The information contained in this communication is intended solely for the use of the "
    "individual or entity to whom it is addressed."
)


@dataclass(frozen=True)
class Person:
    name: str
    address: str
    signature: str

    @property
    def sender(self) -> tuple[str, str]:
        return self.name, self.address


def full_name(rng: random.Random) -> str:
    return f"{rng.choice(FIRST_NAMES)} {rng.choice(SURNAMES)}"


def operator_writer(rng: random.Random, group: str | None) -> Person:
    """The operator's shift mailbox, or one of its engineers."""
    display, address, unit = NOC[group or "other"]
    name = full_name(rng)
    if rng.random() < 0.4:
        display = name
        address = f"engineer{rng.randint(1, 40)}@{address.partition('@')[2]}"
    return Person(display, address, _signature(rng, name, unit))


def contractor_writer(rng: random.Random, company: str, address: str) -> Person:
    return Person(company, address, _signature(rng, full_name(rng), company))


def _signature(rng: random.Random, name: str, unit: str) -> str:
    """Full of numbers that are no codes: phones, extensions, a tax number."""
    lines = ["С уважением,", name, unit, f"тел.: {phone(rng)}, доб. {rng.randint(1000, 99999)}"]
    if rng.random() < 0.5:
        lines.append(f"моб. {phone(rng)}")
    if rng.random() < 0.2:
        lines.append(f"ИНН {rng.randrange(10**9, 10**10)}, КПП {rng.randrange(10**8, 10**9)}")
    return "\n".join(lines)
