"""The words of a letter as they are typed, turned into valid values."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents import letter_templates
from incidents.letter_template_deeds import For
from incidents.letter_templates import Kind, Wording
from towers.models import Contractor, Operator
from towers.regions import region_names

LONGEST_SUBJECT, LONGEST_TEXT, LONGEST_WHY = 500, 20_000, 300


class Lines(forms.CharField):
    """Text whose line ends are those of the templates."""

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")


class WordsForm(forms.Form):
    """Subject, text and HTML of one kind of letter; what is wrong with them is said by field and line."""

    subject = Lines(label=gettext_lazy("Subject"), required=False, max_length=LONGEST_SUBJECT)
    text = Lines(label=gettext_lazy("Text"), required=False, max_length=LONGEST_TEXT, strip=False)
    html = Lines(label="HTML", required=False, max_length=LONGEST_TEXT * 2, strip=False)
    why = forms.CharField(label=gettext_lazy("Why"), required=False, max_length=LONGEST_WHY)
    # The version that was changed; 0 for the first one.
    seen = forms.IntegerField(required=False, min_value=0)

    def __init__(self, *args: Any, kind: Kind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if not self.errors:
            for wrong in letter_templates.problems(said["subject"], said["text"], said["html"], self.kind):
                self.add_error(wrong.field, ValidationError(str(wrong.problem)))
        return said

    @property
    def wording(self) -> Wording:
        said = self.cleaned_data
        return Wording(said["subject"].strip(), said["text"].strip("\n"), said["html"].strip())


class ScopeForm(forms.Form):
    """Which incidents the words are for."""

    operator_group = forms.ChoiceField(label=gettext_lazy("Operator group"), required=False)
    region = forms.ChoiceField(label=gettext_lazy("Region"), required=False)
    contractor = forms.ModelChoiceField(
        Contractor.objects.all(), label=gettext_lazy("Contractor"), required=False, empty_label=gettext_lazy("any")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = Operator.objects.exclude(group="").order_by("group").values_list("group", flat=True).distinct()
        choices = {"operator_group": groups, "region": region_names()}
        for name, values in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", _("any")), *((each, each) for each in values)]

    @property
    def scope(self) -> For:
        return For(**self.cleaned_data)
