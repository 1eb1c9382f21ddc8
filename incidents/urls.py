from django.urls import path

from incidents.views import card, desk, files, letters, moving, reading

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
    path("letters/<int:pk>/body/", letters.body, name="letter_body"),
    path("letters/<int:pk>/original.eml", letters.original, name="letter_original"),
    path("letters/<int:pk>/cid/<path:content_id>", letters.inline_image, name="letter_inline"),
    path("letters/files/<int:pk>/", files.attachment, name="attachment"),
    path("letters/files/<int:pk>/preview/", files.preview, name="file_preview"),
    path("letters/files/<int:pk>/picture", files.picture, name="file_picture"),
    path("letters/files/<int:pk>/pages/<int:number>", files.page, name="file_page"),
]
