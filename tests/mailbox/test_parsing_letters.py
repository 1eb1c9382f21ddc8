"""Whole letters, one for each oddity that reaches the desk."""

from datetime import UTC, datetime, timedelta, timezone

from mailbox.parsing import Address, Kind, parse
from tests.mailbox.letters import problems, raw, read


def test_an_undeclared_koi8r_letter_is_read_in_russian_and_without_a_message_id():
    letter = read("koi8r_undeclared_no_message_id")

    assert letter.subject == "Т2 Отсутствует ВЭС KI0075/41960-P-43-1-1"
    assert letter.from_name == "Дежурный NOC"
    assert "отсутствует внешнее электропитание" in letter.text
    assert letter.message_id == ""
    assert letter.date == datetime(2025, 5, 12, 10, 4, 11, tzinfo=UTC)
    assert problems(letter) == {"message-id-missing", "charset-guessed"}


def test_a_letter_cut_in_two_between_encoded_words_comes_out_whole():
    letter = read("subject_letter_cut_between_words")

    assert letter.subject == "Заявка по объекту: 77-59478 / 54635-11-77-1-2"
    assert letter.from_name == "Мегафон, дежурная смена"
    assert letter.to == (
        Address("desk@towers.example", "Диспетчерская, пост 1"),
        Address("ivan.p@towers.example", "Иван П"),
    )
    assert letter.cc == ()
    assert letter.text == "Номер БС: 77-59478"
    assert letter.date == datetime(2025, 5, 13, 8, tzinfo=timezone(timedelta(hours=3)))


def test_an_html_table_becomes_text_with_its_codes_whole():
    letter = read("html_table_with_tracker")

    assert letter.subject == "Отключение ЭП на БС 18972"
    assert "Номер БС:  30-2542\nШифр:      67498-11-2" in letter.text
    assert "alert" not in letter.text


def test_html_is_shown_without_scripts_and_without_asking_other_servers():
    letter = read("html_table_with_tracker")

    assert letter.has_remote_images
    assert '<img data-remote-src="https://tracker.example/p.gif"' in letter.safe_html
    assert 'src="cid:scheme@mega.example"' in letter.safe_html
    assert 'href="https://mega.example/1" rel="noopener noreferrer"' in letter.safe_html
    for dangerous in ("script", "onclick", ' src="http'):
        assert dangerous not in letter.safe_html


def test_a_picture_that_the_html_shows_is_inline():
    (picture,) = read("html_table_with_tracker").attachments

    assert (picture.name, picture.inline, picture.content_id) == ("схема.png", True, "scheme@mega.example")
    assert picture.content == b"\x89PNG picture"


def test_an_outlook_reply_is_cut_at_its_header_block_and_its_signature():
    letter = read("outlook_reply_below_rule")

    assert letter.reply_text == "Бригада выехала, прибытие в 14:00."
    assert letter.signature_text == "С уважением,\nПётр Кузнецов\n+7 900 000-00-00"
    assert letter.quoted_text.startswith("От: Диспетчерская")
    assert "41960-P-43-1-1" in letter.quoted_text
    assert letter.references == ("<root@tele.example>", "<sent-1@towers.example>")
    assert letter.in_reply_to == ("<sent-1@towers.example>",)


def test_a_gmail_reply_in_html_only_is_cut_at_its_quotation():
    letter = read("gmail_reply_html_only")

    assert letter.reply_text == "Питание восстановлено."
    assert "12653-P-77-4" in letter.quoted_text


def test_a_forwarded_letter_is_not_cut_off():
    letter = read("forward_with_history")

    assert letter.reply_text == letter.text
    assert letter.quoted_text == ""


def test_a_bounce_names_the_letter_that_came_back():
    letter = read("bounce_of_our_letter")

    assert letter.kind is Kind.BOUNCE
    assert letter.bounced_message_id == "<sent-1@towers.example>"
    assert letter.from_name == "Mail Delivery System"
    assert [attachment.name for attachment in letter.attachments] == ["part-1.txt", "NT-163341.eml"]


def test_a_vacation_notice_is_an_autoreply_and_must_not_be_answered():
    letter = read("vacation_autoreply")

    assert letter.kind is Kind.AUTOREPLY
    assert letter.auto_submitted == "auto-replied"
    assert "x-auto-response-suppress" in letter.auto_reasons


def test_a_person_may_be_answered():
    assert read("outlook_reply_below_rule").auto_reasons == ()


def test_attachment_names_are_decoded_and_made_harmless():
    attachments = read("attachment_names_of_all_kinds").attachments

    assert [attachment.name for attachment in attachments] == [
        "Акт выезда.pdf",
        "пароль.txt",
        "photogpj.exe",
        "Исходная заявка.eml",
        "part-5.bin",
    ]
    assert attachments[1].original_name == "../../etc/пароль.txt"
    assert attachments[3].content_type == "message/rfc822"
    assert b"KI0075" in attachments[3].content


def test_a_clearly_signed_letter_shows_its_text_and_its_signature_as_a_file():
    letter = read("smime_clear_signed")

    assert letter.text == "Авария по питанию на БС 22-4184."
    assert [attachment.name for attachment in letter.attachments] == ["smime.p7s"]


def test_an_opaquely_signed_letter_shows_what_was_signed():
    letter = read("smime_opaque_signed")

    assert letter.text == "Авария по питанию на БС 22-4184."
    assert [attachment.name for attachment in letter.attachments] == ["act.pdf"]
    assert problems(letter) == set()


def test_an_encrypted_letter_says_so_and_keeps_its_content_as_a_file():
    letter = parse(
        b"From: a@b.example\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n\nx"
    )

    assert "encrypted" in problems(letter)
    assert [attachment.name for attachment in letter.attachments] == ["smime.p7m"]


def test_an_uuencoded_file_leaves_the_text_and_becomes_an_attachment():
    letter = read("uuencoded_file_in_text")

    assert letter.text == "Файл внутри.\nКонец."
    assert [(file.name, file.content) for file in letter.attachments] == [("act.txt", b"uuencoded content")]


def test_a_winmail_dat_gives_its_body_and_its_file():
    letter = read("winmail_with_body_and_act")

    assert letter.text == "Отсутствует ВЭС на опоре 41960-P-43-1-1."
    assert [(file.name, file.content) for file in letter.attachments] == [("Акт выезда.pdf", b"%PDF-1.4 act")]
    assert problems(letter) == set()


def test_an_invitation_alone_is_told_in_words():
    letter = read("invitation_without_text")

    assert letter.text.startswith("Плановое отключение ВЭС, БС 18972\n12.05.2026 10:00")
    assert [file.name for file in letter.attachments] == ["part-1.ics"]


def test_a_letter_passed_on_without_a_word_is_quoted():
    letter = read("forward_as_attachment_only")

    assert letter.quoted_text.endswith("Нет питания на БС 18972.")
    assert [file.name for file in letter.attachments] == ["KI0075.eml"]


def test_headers_are_found_among_stray_lines():
    letter = read("headers_damaged_by_a_relay")

    assert (letter.from_email, letter.to) == ("noc@tele.example", (Address("desk@towers.example"),))
    assert letter.subject == "KD1289"
    assert letter.message_id == "<[eleven@tele.example]>"
    assert letter.date is None
    assert letter.date_header == "32 Mayember 2025"
    assert {"header-malformed", "date-unreadable"} <= problems(letter)


def test_parts_are_found_though_their_boundary_was_lost():
    letter = read("parts_without_boundary_parameter")

    assert letter.text == "Нет питания."
    assert [attachment.name for attachment in letter.attachments] == ["act.pdf"]
    assert problems(letter) == {"boundary-missing"}


def test_line_ends_of_the_transport_change_nothing():
    for name in ("outlook_reply_below_rule", "attachment_names_of_all_kinds", "bounce_of_our_letter"):
        with_lf = parse(raw(name).replace(b"\r\n", b"\n"))
        letter = read(name)
        assert (with_lf.text, with_lf.subject, with_lf.references) == (
            letter.text,
            letter.subject,
            letter.references,
        )
