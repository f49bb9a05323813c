"""Lists of choices are drawn as Django draws them, only sooner."""

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates, get_default_renderer
from django.test.html import parse_html
from django.utils.safestring import mark_safe
from django.utils.translation import override

from config import drawing

PLAIN = [("", "---------"), ("NL", "Netherlands"), ("<&\"'", "<b>Bold & 'quoted'</b>")]
GROUPED = [("EU", [("NL", "Netherlands"), (1, 2)]), ("<&>", [("x", "y")]), ("US", "America")]
NUMBERS = [(None, None), (True, True), (1234567, 1234567), (0.5, 1234.5), ("b", mark_safe("<b>"))]


class Marked(forms.Select):
    """A list with choices that have something about them."""

    def create_option(self, name, value, *args, **kwargs):
        marks = {"disabled": value == "NL", "hidden": value == "", "data-about": "<\"&'>"}
        return super().create_option(name, value, *args, **kwargs) | {"attrs": marks}


WIDGETS = {
    "nothing to choose": (forms.Select(), None),
    "plain": (forms.Select(choices=PLAIN), "NL"),
    "nothing chosen": (forms.Select(choices=PLAIN), None),
    "quoted": (forms.Select(choices=PLAIN), "<&\"'"),
    "attributes": (forms.Select({"required": True, "id": "<x>", "size": 4}, PLAIN), "NL"),
    "grouped": (forms.Select(choices=GROUPED), "US"),
    "numbers": (forms.Select(choices=NUMBERS), 1234567),
    "several": (forms.SelectMultiple(choices=GROUPED), ["NL", 1]),
    "marked": (Marked(choices=PLAIN), "NL"),
    "yes or no": (forms.NullBooleanSelect(), True),
}


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize(("widget", "value"), WIDGETS.values(), ids=WIDGETS)
def test_a_list_of_choices_is_drawn_as_django_draws_it(widget, value, language):
    with override(language):
        ours = widget.render("field", value, renderer=get_default_renderer())
        djangos = widget.render("field", value, renderer=DjangoTemplates())
    assert parse_html(ours) == parse_html(djangos)
    assert isinstance(get_default_renderer(), drawing.Renderer)


def test_no_template_is_filled_in_for_it(monkeypatch):
    monkeypatch.setattr(DjangoTemplates, "get_template", None)
    widget = forms.Select(choices=PLAIN)
    assert "Netherlands" in widget.render("field", "NL", renderer=get_default_renderer())


def test_all_else_is_drawn_by_django():
    for widget in (forms.TextInput(), forms.RadioSelect(choices=PLAIN), forms.CheckboxInput()):
        ours = widget.render("field", "NL", renderer=get_default_renderer())
        assert ours == widget.render("field", "NL", renderer=DjangoTemplates())
