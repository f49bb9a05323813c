"""Time limits in hours and in working days."""

import logging
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from approvals.deciding import working_time
from approvals.models import ApprovalParameters, TimeUnit
from tests.unguarded import switch

pytestmark = pytest.mark.django_db

# 2026-11-20 is a Friday.
FRIDAY = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)


def set_calendar(country, region=""):
    switch(calendar_country=country, calendar_region=region)


def working_days(start, amount):
    return working_time.add(start, amount, TimeUnit.WORKING_DAYS, working_time.calendar())


def hours(start, amount):
    return working_time.add(start, amount, TimeUnit.HOURS, working_time.calendar())


def test_hours_pass_at_night_and_at_the_weekend_too():
    assert hours(FRIDAY, 48) == datetime(2026, 11, 22, 14, 30, tzinfo=UTC)


def test_working_days_leave_out_saturday_and_sunday():
    assert working_days(FRIDAY, 1) == datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
    assert working_days(FRIDAY, 6) == datetime(2026, 11, 30, 14, 30, tzinfo=UTC)


def test_a_start_at_the_weekend_counts_from_monday():
    sunday = datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert working_days(sunday, 1) == datetime(2026, 11, 24, 9, tzinfo=UTC)


def test_public_holidays_of_the_country_are_left_out():
    before_christmas = datetime(2026, 12, 24, 10, tzinfo=UTC)
    assert working_days(before_christmas, 1).date() == date(2026, 12, 25)
    set_calendar("NL")
    assert working_days(before_christmas, 1).date() == date(2026, 12, 28)


def test_a_regions_own_holidays_are_left_out():
    # Epiphany: a holiday in Bavaria, not in Berlin.
    start = datetime(2026, 1, 5, 10, tzinfo=UTC)
    set_calendar("DE", "BE")
    assert working_days(start, 1).date() == date(2026, 1, 6)
    set_calendar("DE", "BY")
    assert working_days(start, 1).date() == date(2026, 1, 7)


def test_a_country_has_its_own_weekend():
    set_calendar("SA")
    thursday = datetime(2026, 11, 19, 10, tzinfo=UTC)
    assert working_days(thursday, 1).date() == date(2026, 11, 22)


def test_working_days_end_at_the_same_time_of_day_across_daylight_saving():
    amsterdam = ZoneInfo("Europe/Amsterdam")
    with timezone.override(amsterdam):
        # The clocks go forward on Sunday, 29 March 2026, and back on 25 October.
        spring = working_days(datetime(2026, 3, 27, 9, tzinfo=amsterdam), 1)
        autumn = working_days(datetime(2026, 10, 23, 9, tzinfo=amsterdam), 1)
    assert spring == datetime(2026, 3, 30, 7, tzinfo=UTC)
    assert autumn == datetime(2026, 10, 26, 8, tzinfo=UTC)


def test_hours_are_hours_across_daylight_saving():
    amsterdam = ZoneInfo("Europe/Amsterdam")
    with timezone.override(amsterdam):
        end = hours(datetime(2026, 3, 28, 12, tzinfo=amsterdam), 24)
    assert end == datetime(2026, 3, 29, 11, tzinfo=UTC)


def test_the_day_is_the_one_of_the_time_zone_that_is_set():
    # Friday 23:30 in UTC is Saturday already in Amsterdam, so it counts from Monday.
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    assert working_days(late, 1).date() == date(2026, 11, 23)
    with timezone.override(ZoneInfo("Europe/Amsterdam")):
        assert working_days(late, 1) == datetime(2026, 11, 23, 23, 30, tzinfo=UTC)


def test_an_unknown_calendar_leaves_out_weekends_only_and_is_logged(caplog):
    set_calendar("DE", "gone")
    with caplog.at_level(logging.WARNING):
        assert working_days(FRIDAY, 1).date() == date(2026, 11, 23)
    assert "no calendar of “DE gone”" in caplog.text


@pytest.mark.parametrize(
    ("country", "region", "known"),
    [
        ("", "", True),
        ("NL", "", True),
        ("DE", "BY", True),
        ("", "BY", False),
        ("XX", "", False),
        ("NL", "BY", False),
    ],
)
def test_which_calendars_are_known(country, region, known):
    assert working_time.is_known(country, region) is known


def test_the_codes_of_all_calendars_fit_into_the_parameters():
    fits = ApprovalParameters._meta.get_field("calendar_region").max_length
    assert all(len(country) == 2 for country in working_time.countries())
    assert all(len(r) <= fits for regions in working_time.countries().values() for r in regions)


def test_adding_a_year_of_working_days_reads_the_parameters_once(django_assert_num_queries):
    set_calendar("NL")
    with django_assert_num_queries(1):
        working_days(FRIDAY, 260)
