"""What is wrong with an incident, in the reader's language."""

from django import template

from incidents import site_errors

register = template.Library()
register.filter("what_is_wrong", site_errors.in_words)
