"""Pages of the registry that tell of incidents; the composition root puts them among those of towers.urls."""

from django.urls import path

from incidents.views import sites

urlpatterns = [
    path("", sites.poles, name="poles"),
    path("contractors/<int:pk>/", sites.contractor, name="contractor"),
    # The registry has codes with a slash inside, so this one stands last.
    path("<path:code>/", sites.pole, name="pole"),
]
