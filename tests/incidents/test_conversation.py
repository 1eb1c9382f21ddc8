"""Letters as the card shows them: what is new, what is folded, what the machine read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from incidents.conversation import Fold, fold_rest, load_letters, problem_texts
from incidents.marks import Piece, Span, letter_of, pieces, reply_spans, subject_spans
from incidents.models import Incident, IncidentEmail
from mailbox.models import Attachment
from mailbox.parsing.quotes import split_text
from tests.factories import NOW, make_email, make_incident, make_pole


def evidence(source: str, text: str, start: int, *, supports: bool = True, kind: str = "pole") -> dict[str, object]:
    return {
        "kind": kind, "source": source, "part": 0, "start": start, "end": start + len(text), "text": text,
        "value": text, "rule": "exact", "ids": [1], "supports": supports,
    }  # fmt: skip


def put(incident: Incident, way: str = "thread", **over: object) -> IncidentEmail:
    email = make_email(**over)
    return IncidentEmail.objects.create(incident=incident, email=email, way=way, thread=email.pk)


def test_pieces_joined_are_the_text():
    text = "БС KI0075 на 41960-P-43-1-1"

    cut = pieces(text, [Span(13, 27, True), Span(3, 9, False)])

    assert "".join(piece.text for piece in cut) == text
    assert [piece.mark for piece in cut] == ["", "alt", "", "read"]


def test_overlapping_and_impossible_marks_are_left_out():
    assert pieces("abcdef", [Span(1, 4, True), Span(2, 5, True), Span(5, 99, True), Span(3, 3, True)]) == (
        Piece("a"),
        Piece("bcd", "read"),
        Piece("ef"),
    )


def test_a_mark_whose_place_has_moved_is_sought_by_its_words():
    reading = {"evidence": [evidence("reply", "KI0075", 40)]}

    assert reply_spans(reading, "нет питания KI0075") == [Span(12, 18, agrees=True)]
    assert reply_spans(reading, "ничего такого") == []


def test_marks_of_the_subject_stand_in_the_subject_only():
    reading = {"evidence": [evidence("subject", "KI0075", 0)]}

    assert subject_spans(reading, "KI0075") == [Span(0, 6, agrees=True)]
    assert reply_spans(reading, "KI0075") == []


def test_the_letter_that_was_read_is_the_one_whose_places_fit():
    reading = {"evidence": [evidence("reply", "KI0075", 3)]}

    assert letter_of(reading, [("тема", "привет"), ("тема", "БС KI0075")]) == 1
    assert letter_of({}, [("тема", "БС KI0075")]) is None


def test_signature_and_quotation_are_folded_apart():
    text = 'Нет питания.\n\n--\nИванов\nNOC\n\n17.08.2026, 19:10, "Пост" <desk@towers.example>:\n> Что случилось?'

    folds = fold_rest(text, "Нет питания.")

    assert [(fold.kind, fold.lines) for fold in folds] == [("signature", 3), ("quote", 2)]


def test_what_was_left_out_of_an_odd_letter_is_folded_as_the_rest():
    assert [fold.text for fold in fold_rest("раз\nдва\nтри", "раз\nтри")] == ["два"]
    assert fold_rest("совсем\nдругое", "раз") == [Fold("rest", "совсем\nдругое")]
    assert fold_rest("то же\n", "то же") == []


QUOTED = "Прошу выехать на опору 41960-P-43-1-1."
# As the programs of operators and contractors write an answer; each begins with the same new words.
ANSWERS = {
    "Outlook": f"Едем.\n\nС уважением,\nКузнецов\n\nОт: Пост <desk@towers.example>\nОтправлено: 18 августа\n{QUOTED}",
    "Outlook, English": f"Едем.\n\nBest regards,\nJ\n\n-----Original Message-----\nFrom: Desk\nSent: Tue\n\n{QUOTED}",
    "Yandex": f'Едем.\n\n18.08.2026, 15:00, "Пост" <desk@towers.example>:\n> {QUOTED}\n\n-- \nКузнецов',
    "Mail.ru": f"Едем.\n\n--\nКузнецов\n\nВторник, 18 августа 2026, 15:00 +03:00 от Пост <d@t.example>:\n>{QUOTED}\n",
    "Gmail": f"Едем.\n\nвт, 18 авг. 2026 г. в 15:00, Пост <d@t.example>:\n\n> {QUOTED}\n>\n",
    "Gmail, English": f"Едем.\n\nOn Tue, Aug 18, 2026 at 3:00 PM Desk <d@t.example> wrote:\n\n> {QUOTED}\n",
    "Thunderbird, answer below": f"18.08.2026 15:00, Пост пишет:\n> {QUOTED}\n> Когда?\n\nЕдем.\n\n-- \nКузнецов\n",
    "iPhone": f"Едем.\n\nОтправлено с iPhone\n\n> 18 авг. 2026 г., в 15:00, Пост <d@t.example> написал(а):\n> {QUOTED}",
    "Samsung": f"Едем.\n\n-------- Исходное сообщение --------\nОт: Пост\nДата: 18.08.2026 15:00\nТема: x\n\n{QUOTED}",
}


@pytest.mark.parametrize("program", ANSWERS)
def test_of_an_answer_the_new_words_are_shown_and_every_other_line_is_folded(program):
    text = ANSWERS[program]
    reply = split_text(text).reply

    folds = fold_rest(text, reply)

    assert reply == "Едем."
    assert QUOTED in "\n".join(fold.text for fold in folds)
    assert lines_of(text) == lines_of(reply) | set().union(*(lines_of(fold.text) for fold in folds))


def test_answers_between_quoted_lines_are_folded_with_their_questions():
    text = "> Кто выехал?\nКузнецов.\n> Когда будет?\nК 18:00."

    (fold,) = fold_rest(text, split_text(text).reply)

    assert (fold.kind, fold.text) == ("quote", text)


@given(
    st.lists(
        st.sampled_from(
            ["Едем.", "> Когда?", "", "--", "С уважением,", "12.05.2026, 10:00, <a@b.example>:", "От: я", "Тема: ты"]
        ),
        max_size=14,
    )
)
def test_no_line_of_a_letter_is_lost_between_its_words_and_its_folds(lines):
    text = "\n".join(lines)
    reply = split_text(text).reply

    shown = lines_of(reply).union(*(lines_of(fold.text) for fold in fold_rest(text, reply)))

    assert {line for line in lines_of(text) if any(letter.isalnum() for letter in line)} <= shown


def lines_of(text: str) -> set[str]:
    return {line.strip() for line in text.split("\n") if line.strip()}


def test_a_long_quotation_is_counted_whole_and_shown_in_part():
    (fold,) = fold_rest("Едем.\n\n" + "> строка\n" * 2_000, "Едем.")

    assert fold.lines == 2_000
    assert fold.is_cut
    assert len(fold.shown) == 5_000


def test_a_picture_inside_html_is_no_file_but_without_html_it_is(db):
    incident = make_incident()
    for html in ("<img src=cid:a>", ""):
        place = put(incident, safe_html=html)
        Attachment.objects.create(
            email=place.email, name="a.png", content_type="image/png", size=1, sha256="0" * 64, inline=True
        )

    with_html, without = load_letters(incident, None)[0]

    assert (with_html.pictures, len(with_html.files)) == (1, 0)
    assert (without.pictures, len(without.files)) == (0, 1)


def test_sender_and_addressees_are_named_as_the_desk_knows_them(db):
    incident = make_incident(pole=make_pole(contractor_emails=["Avr@contractor.example"]))
    put(incident, from_email="avr@contractor.example", from_name="")
    put(
        incident,
        from_email="noc@operator.example",
        to=[
            {"name": "", "email": "DESK@towers.example"},
            {"name": "", "email": "a@b.example"},
            {"name": "В", "email": "c@d.example"},
        ],
        received_at=NOW + timedelta(minutes=1),
    )

    contractor, requester = load_letters(incident, None)[0]

    assert (contractor.role, contractor.sender) == ("contractor", "avr@contractor.example")
    assert requester.role == "requester"
    with translation.override("en"):
        assert requester.to == "desk and 2 more"


def test_the_letter_about_power_marks_what_joined_it(db):
    incident = make_incident(reading={"evidence": [evidence("subject", "KI0075", 3)]})
    put(incident, "opened", subject="ВЭС KI0075")
    put(incident, "power_back", subject="ВЭС KI0075 (Закрыто)", received_at=NOW + timedelta(hours=1))

    last = load_letters(incident, None)[0][-1]

    assert [piece.text for piece in last.subject if piece.mark] == ["KI0075", "(Закрыто)"]


def test_texts_of_long_letters_are_cut_in_the_database(db):
    incident = make_incident()
    put(incident, reply_text="а" * 50_000, text="а" * 50_000)

    (letter,) = load_letters(incident, None)[0]

    assert letter.is_cut
    assert sum(len(piece.text) for piece in letter.text) == 20_000
    assert "text" in letter.email.get_deferred_fields()


def test_problems_that_change_nothing_for_the_reader_are_not_told():
    with translation.override("en"):
        assert problem_texts(
            [
                {"code": "message-id-missing", "detail": ""},
                {"code": "charset-guessed", "detail": "koi8-r"},
                {"code": "letter-cut", "detail": "99"},
            ]
        ) == [
            "A text names no usable alphabet; read as koi8-r.",
            "The letter is too big and was cut; the original has 99 bytes.",
        ]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"to": [], "cc": []}, "noc@operator.example · requester"),
        ({"to": [{"name": "Иван", "email": "i@b.example"}]}, "noc@operator.example · requester · to: Иван"),
        ({"direction": "out", "from_email": "desk@towers.example", "to": [{"name": "", "email": "i@b.example"}],
          "cc": [{"name": "", "email": "c@b.example"}]}, "to: i@b.example, copy: 1"),
        ({"to": [], "cc": [{"name": "", "email": "c@b.example"}] * 2}, "noc@operator.example · requester · copies: 2"),
    ],
)  # fmt: skip
def test_a_letter_says_from_where_it_came_and_to_whom(db, facts, said):
    incident = make_incident(requester_email="NOC@operator.example")
    email = make_email(**{"from_email": "noc@operator.example", **facts})
    incident.letters.create(email=email, way="opened", thread=email.pk)

    with translation.override("en"):
        (letter,), _first, _more = load_letters(incident, None)
        assert letter.addressed == said
