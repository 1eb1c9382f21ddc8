from django.urls import path

from incidents.views import card, desk, files, ledger, letters, moving, reading

app_name = "incidents"

urlpatterns = [
    path("", desk.desk, name="desk"),
    path("incidents/<str:code>/", card.card, name="card"),
    path("incidents/<str:code>/preview/", desk.preview, name="preview"),
    path("incidents/<str:code>/take/", card.take, name="take"),
    path("incidents/<str:code>/assign/", card.assign, name="assign"),
    path("incidents/<str:code>/status/", card.change_status, name="change_status"),
    path("incidents/<str:code>/type/", card.set_type, name="set_type"),
    path("incidents/<str:code>/site/", card.link_site, name="link_site"),
    path("incidents/<str:code>/comment/", card.add_comment, name="add_comment"),
    path("incidents/<str:code>/read/", card.mark_read, name="mark_read"),
    path("incidents/<str:code>/move/", moving.move, name="move"),
    path("incidents/<str:code>/split/", moving.split, name="split"),
    path("incidents/<str:code>/merge/", moving.merge, name="merge"),
    path("incidents/<str:code>/targets/", moving.options, name="targets"),
    path("incidents/<str:code>/undo/<int:event>/", moving.undo, name="undo"),
    path("incidents/<str:code>/suggestions/<int:pk>/", moving.decide, name="decide"),
    path("letters/cases/", reading.cases, name="reading_cases"),
    path("letters/<int:pk>/reading/", reading.letter_reading, name="letter_reading"),
    path("letters/", ledger.letters, name="letters"),
    path("letters/balance/", ledger.balance, name="balance"),
    path("letters/mark/", ledger.mark, name="letters_mark"),
    path("letters/retry/", ledger.try_all_again, name="receipts_retry"),
    path("letters/<int:pk>/", ledger.letter, name="letter"),
    path("letters/receipts/<int:pk>/", ledger.receipt, name="receipt"),
    path("letters/receipts/<int:pk>/original.eml", ledger.receipt_original, name="receipt_original"),
    path("letters/receipts/<int:pk>/retry/", ledger.try_again, name="receipt_retry"),
    path("letters/receipts/<int:pk>/open/", ledger.open_incident, name="receipt_open"),
    path("letters/receipts/<int:pk>/join/", ledger.join, name="receipt_join"),
    path("letters/<int:pk>/body/", letters.body, name="letter_body"),
    path("letters/<int:pk>/original.eml", letters.original, name="letter_original"),
    path("letters/<int:pk>/cid/<path:content_id>", letters.inline_image, name="letter_inline"),
    path("letters/files/<int:pk>/", files.attachment, name="attachment"),
    path("letters/files/<int:pk>/preview/", files.preview, name="file_preview"),
    path("letters/files/<int:pk>/picture", files.picture, name="file_picture"),
    path("letters/files/<int:pk>/pages/<int:number>", files.page, name="file_page"),
]
