"""Founding the demo's company: it is committed at once, or not at all."""

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core import mail

from customers.demo import setup, story
from customers.models import Customer


@pytest.mark.django_db(transaction=True)
def test_founding_the_company_sends_no_mail():
    setup.found_company()

    assert mail.outbox == []
    assert settings.EMAIL_BACKEND.endswith("locmem.EmailBackend")


@pytest.mark.django_db(transaction=True)
def test_a_failed_founding_leaves_nothing_behind(monkeypatch):
    def fail():
        raise ValueError

    monkeypatch.setattr(story, "happen", fail)
    with pytest.raises(ValueError):
        setup.found_company()

    assert not User.objects.exists()
    assert not Customer.objects.exists()
