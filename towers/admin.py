"""The registry in the administration: read only, since TowerStore owns it; mail domains are ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from towers.models import BaseStation, Contractor, Operator, Pole, SyncRun

if TYPE_CHECKING:
    AnyAdmin = admin.ModelAdmin[Any]
    OperatorAdminBase = admin.ModelAdmin[Operator]
    OperatorFormBase = forms.ModelForm[Operator]
else:  # these are generic for the type checker only
    AnyAdmin = OperatorAdminBase = admin.ModelAdmin
    OperatorFormBase = forms.ModelForm


class ReadOnly(AnyAdmin):
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Pole)
class PoleAdmin(ReadOnly):
    list_display = ("code", "region_ru", "address", "contractor", "gone_at")
    list_select_related = ("contractor",)
    search_fields = ("code__startswith",)
    ordering = ("code",)


@admin.register(BaseStation)
class BaseStationAdmin(ReadOnly):
    list_display = ("name", "pole", "gone_at")
    list_select_related = ("pole",)
    search_fields = ("name__startswith", "pole__code__startswith")
    ordering = ("name", "id")


@admin.register(Contractor)
class ContractorAdmin(ReadOnly):
    search_fields = ("name",)


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnly):
    list_display = ("started_at", "finished_at", "state")
    ordering = ("-id",)


class OperatorForm(OperatorFormBase):
    class Meta:
        model = Operator
        fields: ClassVar = ["group", "domains"]

    def clean_domains(self) -> list[str]:
        """Domains as lookup compares them: lower case, without @ and without repetition."""
        domains = (domain.strip().lower().lstrip("@").strip(".") for domain in self.cleaned_data["domains"])
        return list(dict.fromkeys(filter(None, domains)))


@admin.register(Operator)
class OperatorAdmin(OperatorAdminBase):
    form = OperatorForm
    fields = ("name", "group", "domains")
    readonly_fields = ("name",)
    list_display = ("name", "group", "domains")
    list_filter = ("group",)
    search_fields = ("name",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Operator | None = None) -> bool:
        return False
