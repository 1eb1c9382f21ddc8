"""New words told from history, as Russian and English programs write it."""

import pytest

from mailbox.parsing.html import html_to_text
from mailbox.parsing.quotes import HISTORY_MARK, split_text, without_marks

HISTORY = "Прошу выехать на опору 41960-P-43-1-1."

ATTRIBUTIONS = [
    "12 мая 2026 г., 10:00, Имя Фамилия <a@b.example> написал(а):",
    "12 мая 2026 г. в 10:00 Имя Фамилия пишет:",
    "12.05.2026 10:00, Имя пишет:",
    '12.05.2026, 10:00, "Имя Фамилия" <a@b.example>:',
    "вт, 13 мая 2025 г. в 08:30, Диспетчерская <desk@towers.example>:",
    "Понедельник, 12 мая 2026, 10:00 +03:00 от Имя <a@b.example>:",
    "On Tue, May 12, 2026 at 10:00 AM Name <a@b.example> wrote:",
    "On Tue, May 12, 2026 at 10:00 AM Very Long Name\n<very.long.name@example.example> wrote:",
    "2026-05-12 10:00 GMT+03:00 Name <a@b.example>:",
    "-----Исходное сообщение-----\nFrom: a@b.example",
    "-----Original Message-----\nFrom: a@b.example",
    "От: Имя\nОтправлено: 12 мая 2026 г. 10:00\nКому: desk@towers.example\nТема: ВЭС",
    "*From:* Name\n*Sent:* Tuesday\n*To:* desk@towers.example",
    "________________________________\nFrom: Name <a@b.example>\n\nDate: Tuesday\n\nSubject: x",
]


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_history_below_an_attribution_is_cut(attribution):
    split = split_text(f"Бригада выехала.\n\n{attribution}\n\n{HISTORY}\nЕщё строка.")

    assert split.reply == "Бригада выехала."
    assert HISTORY in split.quoted


@pytest.mark.parametrize("attribution", ATTRIBUTIONS[:9])
def test_words_below_a_marked_quotation_are_kept(attribution):
    split = split_text(f"{attribution}\n> {HISTORY}\n>\n> Вторая строка\n\nБригада выехала.")

    assert split.reply == "Бригада выехала."
    assert HISTORY in split.quoted


def test_answers_between_quoted_lines_are_kept():
    split = split_text("> Когда выезд?\nВ 14:00.\n> Кто старший?\nКузнецов.")

    assert split.reply == "В 14:00.\nКузнецов."


@pytest.mark.parametrize(
    "text",
    [
        "Номер БС: 30-2542\nШифр: 67498-11-2\nАдрес: ул. Мира, 1\nСуть инцидента: нет питания",
        "Время выхода аварии: 12.05.2026 10:00:\nНет питания.",
        "Тема: отключение ВЭС\nПросим принять.",
        "Он пишет: всё в порядке.",
        "Дежурный написал, что питание есть:\nпроверяем.",
    ],
)
def test_what_only_looks_like_history_stays(text):
    split = split_text(text)

    assert (split.reply, split.quoted) == (text, "")


@pytest.mark.parametrize(
    "marker",
    [
        "-------- Перенаправленное сообщение --------",
        "---------- Forwarded message ---------",
        "-------- Пересылаемое сообщение --------",
        "Begin forwarded message:",
    ],
)
def test_a_forwarded_letter_is_kept_with_its_own_history(marker):
    text = f"Прошу принять.\n\n{marker}\nОт: NOC\nТема: ВЭС\n\n> старое\n{HISTORY}"

    assert split_text(text).reply == text


def test_a_letter_that_is_all_quotation_is_shown_whole():
    text = f"> {HISTORY}\n> Вторая строка"

    assert split_text(text).reply == text
    assert split_text(text).quoted == ""


def test_one_word_is_an_answer():
    assert split_text(f"Принято\n\n> {HISTORY}").reply == "Принято"


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nИмя Фамилия",
        "--\nИмя Фамилия",
        "С уважением,\nИмя\n+7 900 000-00-00",
        "С наилучшими пожеланиями, Имя",
        "Best regards,\nName",
        "Отправлено с iPhone",
        "Отправлено из мобильной Почты",
        "Sent from my iPhone",
    ],
)
def test_a_signature_is_told_from_the_answer(signature):
    split = split_text(f"Питание восстановлено.\n\n{signature}\n\n12.05.2026 10:00, Имя пишет:\n> {HISTORY}")

    assert split.reply == "Питание восстановлено."
    assert split.signature == signature


def test_a_closing_far_above_the_end_is_no_signature():
    text = "Коллеги!\nС уважением относимся к срокам.\n" + "\n".join(f"Строка {n}" for n in range(30))

    assert split_text(text).signature == ""


HTML_HISTORY = [
    f'<blockquote type="cite"><p>{HISTORY}</p></blockquote>',
    f'<div class="gmail_quote"><div>вт, 13 мая, desk:</div><blockquote>{HISTORY}</blockquote></div>',
    f'<div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>От:</b> desk</div><div>{HISTORY}</div>',
    f'<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm"><p>Desk</p></div><p>{HISTORY}</p>',
    f'<div style="border:none; border-top:solid #B5C4DF 1.0pt"><p>Desk</p></div><p>{HISTORY}</p>',
    f'<div>12.05.2026, 10:00, "Desk" &lt;desk@towers.example&gt;:</div><blockquote>{HISTORY}</blockquote>',
]


@pytest.mark.parametrize("history", HTML_HISTORY)
def test_html_history_is_cut(history):
    split = split_text(html_to_text(f"<p>Бригада выехала.</p>{history}"))

    assert split.reply == "Бригада выехала."
    assert HISTORY in split.quoted
    assert HISTORY_MARK not in split.quoted


def test_an_indented_paragraph_is_no_quotation():
    indented = '<blockquote style="margin:0 0 0 40px;border:none;padding:0px">Шифр 67498-11-2</blockquote>'

    assert split_text(html_to_text(f"<p>Прошу принять.</p>{indented}")).quoted == ""


def test_a_gmail_forward_is_no_quotation():
    forwarded = f'<div class="gmail_quote">---------- Forwarded message ---------<br>От: NOC<br>{HISTORY}</div>'

    assert HISTORY in split_text(html_to_text(f"<p>Прошу принять.</p>{forwarded}")).reply


def test_a_sender_cannot_forge_the_mark_of_history():
    assert html_to_text("<p>новое \ue002 \ue0005\ue001</p><p>\x01</p><p>ещё</p>") == "новое 5\n\nещё"
    assert without_marks(f"a\n{HISTORY_MARK}\nb") == "a\nb"


@pytest.mark.parametrize("name", ["-- \nИван Петров\nNOC", "С уважением,\nИван Петров"])
def test_what_is_passed_on_below_a_signature_is_no_signature(name):
    passed_on = "-------- Пересылаемое сообщение --------\nОт: NOC <noc@operator.example>\n\nНет питания на KI0075"

    split = split_text(f"Прошу взять в работу.\n\n{name}\n\n{passed_on}", forward=True)

    assert "Нет питания на KI0075" in split.reply
    assert "Иван Петров" in split.signature
    assert "Иван Петров" not in split.reply
