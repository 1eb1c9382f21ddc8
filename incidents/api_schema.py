"""What /api/schema/ says of the contract."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, PolymorphicProxySerializer
from rest_framework import serializers

from incidents.api_parameters import MOST, USUAL
from incidents.api_rows import AUTOMATIC, BY_HAND


class IncidentSerializer(serializers.Serializer[Any]):
    """An incident. Every field is always there, null where nothing is known."""

    id = serializers.IntegerField()
    code = serializers.CharField()
    incident_datetime = serializers.DateTimeField(help_text="When the first letter came, desk time.")
    incident_type = serializers.CharField(allow_null=True)
    is_vendor_sla_expired = serializers.BooleanField(allow_null=True, help_text="Null while there is no deadline.")
    vendor_deadline = serializers.DateTimeField(allow_null=True)
    is_incident_finish = serializers.BooleanField()
    incident_finish_datetime = serializers.DateTimeField(allow_null=True)
    last_status = serializers.CharField()
    is_transfer_to_avr = serializers.BooleanField()
    transfer_timestamp_to_avr = serializers.DateTimeField(allow_null=True, help_text="The first hand-over.")
    base_station = serializers.CharField(allow_null=True)
    operator_group = serializers.CharField(allow_null=True, help_text="Sorted, joined by a comma and a space.")
    operators = serializers.CharField(allow_null=True, help_text="Sorted, joined by a comma and a space.")
    pole = serializers.CharField(allow_null=True)
    region_ru = serializers.CharField(allow_null=True)
    address = serializers.CharField(allow_null=True)
    pole_latitude = serializers.FloatField(allow_null=True)
    pole_longtitude = serializers.FloatField(allow_null=True)
    vendor = serializers.CharField(allow_null=True)
    vendor_emails = serializers.CharField(allow_null=True, help_text="Joined by a comma and a space.")
    registration_method = serializers.ChoiceField(choices=[AUTOMATIC, BY_HAND])


class PageSerializer(serializers.Serializer[Any]):
    """The answer when `limit` or `cursor` is given."""

    next = serializers.URLField(allow_null=True, help_text="The next page; null on the last one.")
    results = IncidentSerializer(many=True)


class RefusalSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField()


def _query(name: str, kind: Any, said: str) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=said)


_ANSWER = PolymorphicProxySerializer(
    component_name="IncidentsOrPage",
    serializers=[IncidentSerializer(many=True), PageSerializer],
    resource_type_field_name=None,
    many=False,
)
_WRONG = OpenApiResponse(
    {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    description="A parameter is unknown or malformed: its name, and what is wrong with it.",
)
_REFUSED = {
    403: OpenApiResponse(RefusalSerializer, description="The API is closed to people who have not signed in."),
    429: OpenApiResponse(RefusalSerializer, description="Too many calls a minute; see Retry-After."),
}
_DAY = "A day (2026-01-31, desk time) or a moment (2026-01-31T09:30:00+03:00)"

LIST: dict[str, Any] = {
    "operation_id": "incidents_list",
    "tags": ["incidents"],
    "parameters": [
        _query("last_month", bool, "From the first day of the previous month, desk time, to now."),
        _query("incident_date_after", OpenApiTypes.STR, f"{_DAY}: that one and later."),
        _query("incident_date_before", OpenApiTypes.STR, f"{_DAY}: that one and earlier."),
        _query(
            "limit",
            {"type": "integer", "minimum": 1, "maximum": MOST},
            f"Page length; {USUAL} if only a cursor is given.",
        ),
        _query("cursor", OpenApiTypes.STR, "Where the page begins: from `next` of the page before."),
    ],
    "responses": {200: _ANSWER, 400: _WRONG, **_REFUSED},
}
DETAIL: dict[str, Any] = {
    "operation_id": "incidents_retrieve",
    "tags": ["incidents"],
    "responses": {
        200: IncidentSerializer,
        400: _WRONG,
        404: OpenApiResponse(RefusalSerializer, description="There is no such incident."),
        **_REFUSED,
    },
}
