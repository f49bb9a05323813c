"""How fields of forms are drawn: as Django does, but for lists of choices."""

from django.forms import Select
from django.forms.renderers import DjangoTemplates
from django.forms.utils import flatatt
from django.utils.formats import localize
from django.utils.html import conditional_escape
from django.utils.safestring import mark_safe


class Renderer(DjangoTemplates):
    """Draws a list of choices in one go.

    Django fills in two templates for each choice, which for the 250 countries and 180
    currencies takes longer than all else of a customer's page.
    """

    def render(self, template_name, context, request=None):
        """The HTML of a field, or of a part of it."""
        if template_name == Select.template_name:
            return _list_of_choices(context["widget"])
        return super().render(template_name, context, request)


def _list_of_choices(widget):
    attributes = flatatt({"name": widget["name"], **widget["attrs"]})
    drawn = "".join(_group(name, choices) for name, choices, _index in widget["optgroups"])
    return mark_safe(f"<select{attributes}>\n{drawn}</select>")  # noqa: S308


def _group(name, choices):
    """Choices, below a heading where they have one."""
    drawn = "".join(map(_choice, choices))
    if not name:
        return drawn
    return f'  <optgroup label="{_shown(name)}">\n{drawn}  </optgroup>\n'


def _choice(choice):
    attributes = flatatt(choice["attrs"]) if choice["attrs"] else ""
    value, label = conditional_escape(str(choice["value"])), _shown(choice["label"])
    return f'  <option value="{value}"{attributes}>{label}</option>\n'


def _shown(text):
    """A text as a template shows it."""
    return conditional_escape(localize(text))
