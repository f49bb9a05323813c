"""The bell, the list of notifications, one of them; and the inquiry in Django admin."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from approvals import proposals
from approvals.models import Action, MailState, Notification, Occasion, Verb, WorkItem
from approvals.notifying import notifications, readers
from approvals.pages import paging

from ..definitions import change_step
from ..helpers import vote

pytestmark = pytest.mark.django_db
ADMIN_LIST = "admin:approvals_notification_changelist"


@pytest.fixture(autouse=True)
def governed(workflow, govern_fields):
    govern_fields("credit_limit", "name")


@pytest.fixture
def notify():
    """A function that gives a person a notification."""

    def make(person, subject="Rejected: changes to A", **values):
        values = {"body": "The text", "url": "/customers/", **values}
        return Notification.objects.create(
            person=person,
            occasion=Occasion.REJECTED,
            subject=subject,
            created_at=timezone.now(),
            mail_state=MailState.NONE,
            **values,
        )

    return make


@pytest.fixture
def approve_only():
    """A function that leaves a person all rights of an approver but to see customers."""

    def take(person):
        group = Group.objects.create(name="Decides only")
        rights = Permission.objects.filter(group__user=person).exclude(codename="view_customer")
        group.permissions.set(rights)
        person.groups.set([group])

    return take


def get(client, user, name="notifications", *args, **query):
    client.force_login(user)
    return client.get(reverse(f"approvals:{name}", args=args), query)


def subjects(response):
    return [notification.subject for notification, _kind, _text in response.context["lines"]]


# The list


def test_a_person_reads_his_own_notifications_newest_first(client, notify, clerk, approver):
    notify(clerk, "One"), notify(approver, "Another's"), notify(clerk, "Two")
    assert subjects(get(client, clerk)) == ["Two", "One"]


def test_the_list_can_show_only_what_is_unread(client, notify, clerk):
    notify(clerk, "Read", read_at=timezone.now()), notify(clerk, "New")
    assert subjects(get(client, clerk)) == ["New", "Read"]
    assert subjects(get(client, clerk, show="unread")) == ["New"]
    assert subjects(get(client, clerk, show="nonsense")) == ["New", "Read"]


def test_a_long_list_comes_page_by_page(client, notify, clerk):
    for number in range(paging.PAGE_SIZE + 2):
        notify(clerk, f"Number {number}")
    first = get(client, clerk, show="unread")
    assert len(subjects(first)) == paging.PAGE_SIZE and not first.context["previous_url"]
    second = client.get(first.context["next_url"])
    assert subjects(second) == ["Number 1", "Number 0"] and second.context["only_unread"]
    back = client.get(second.context["previous_url"])
    assert subjects(back) == subjects(first)
    assert client.get(reverse("approvals:notifications") + "?after=x&before=-1").status_code == 200


def test_what_somebody_typed_into_a_comment_is_only_text(client, notify, clerk):
    script = "<script>alert(1)</script>"
    found = notify(clerk, script, body=f"Reason: {script}", url="")
    for response in (get(client, clerk), get(client, clerk, "notification", found.pk)):
        page = response.content.decode()
        assert script not in page and "&lt;script&gt;alert(1)" in page


def test_the_list_takes_as_many_queries_however_long_it_is(
    client, notify, clerk, django_assert_max_num_queries, django_assert_num_queries
):
    notify(clerk)
    client.force_login(clerk)
    with django_assert_max_num_queries(7) as one:
        client.get(reverse("approvals:notifications"))
    for _unused in range(20):
        notify(clerk)
    with django_assert_num_queries(len(one)):
        client.get(reverse("approvals:notifications"))


def test_no_entry_of_the_navigation_is_that_of_the_notifications(client, clerk):
    page = get(client, clerk).content.decode()
    assert page.count("aria-current") == 1 and 'class="chip"' in page


def test_the_changes_can_be_read_in_the_list(client, propose, approver):
    propose(credit_limit="1000")
    assert "Credit limit: (empty) → 1,000.00" in get(client, approver).content.decode()


# One of them


def test_opening_one_marks_it_read_and_leads_to_its_page(client, notify, clerk):
    found, other = notify(clerk), notify(clerk)
    response = get(client, clerk, "open_notification", found.pk)
    assert response.url == "/customers/"
    found.refresh_from_db(), other.refresh_from_db()
    assert found.read_at and other.read_at is None
    first = found.read_at
    get(client, clerk, "open_notification", found.pk)
    found.refresh_from_db()
    assert found.read_at == first


def test_one_about_many_leads_to_its_own_text_with_links_of_ours_only(
    client, notify, clerk, settings
):
    settings.SITE_URL = "https://approvals.example"
    body = "A Customer\nhttps://approvals.example/customers/1/\nhttps://evil.example/"
    found = notify(clerk, body=body, url="")
    response = client.get(get(client, clerk, "open_notification", found.pk).url)
    page = response.content.decode()
    assert '<a href="/customers/1/">' in page and "https://evil.example/" in page
    assert page.count(">To this customer<") == 1
    found.refresh_from_db()
    assert found.read_at


@pytest.mark.parametrize("name", ["notification", "open_notification"])
def test_another_persons_notification_is_not_there(client, notify, clerk, approver, name):
    found = notify(approver)
    assert get(client, clerk, name, found.pk).status_code == 404
    assert get(client, clerk, name, 12345).status_code == 404
    found.refresh_from_db()
    assert found.read_at is None


def test_all_are_marked_read_that_the_person_has_seen(client, notify, clerk, approver):
    notify(approver), notify(clerk), notify(clerk)
    up_to = get(client, clerk).context["up_to"]
    later = notify(clerk)
    response = client.post(reverse("approvals:read_notifications"), {"up_to": up_to})
    assert response.url == reverse("approvals:notifications")
    assert list(Notification.objects.filter(person=clerk, read_at=None)) == [later]
    assert Notification.objects.get(person=approver).read_at is None


@pytest.mark.parametrize("up_to", ["", "x", "9" * 40, "-1"])
def test_a_garbled_request_marks_nothing_read(client, notify, clerk, up_to):
    notify(clerk)
    client.force_login(clerk)
    response = client.post(reverse("approvals:read_notifications"), {"up_to": up_to})
    assert response.status_code == 302
    assert Notification.objects.get().read_at is None


def test_reading_is_a_get_and_marking_all_a_post(client, clerk):
    client.force_login(clerk)
    assert client.get(reverse("approvals:read_notifications")).status_code == 405
    assert client.post(reverse("approvals:notifications")).status_code == 405


# Who sees them


def test_whoever_may_not_read_proposals_sees_no_bell_and_no_list(client, notify, person):
    nobody = person("nobody")
    found = notify(nobody)
    for name, args in (("notifications", []), ("notification", [found.pk])):
        assert get(client, nobody, name, *args).status_code == 403
    assert 'button bell"' not in client.get(reverse("home")).content.decode()


def test_without_the_right_to_see_customers_no_value_of_them_is_read(
    client, notify, propose, approver, approve_only
):
    propose(credit_limit="1000")
    [found] = Notification.objects.filter(person=approver)
    notify(approver, "About many of them")
    approve_only(approver)
    response = get(client, approver)
    assert (subjects(response), response.context["up_to"]) == ([], None)
    assert "1,000.00" not in response.content.decode()
    assert "bell-count" not in response.content.decode()
    for name in ("notification", "open_notification"):
        assert get(client, approver, name, found.pk).status_code == 404
    client.post(reverse("approvals:read_notifications"), {"up_to": found.pk + 1})
    assert not Notification.objects.exclude(read_at=None).exists()


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_who_waits_to_mark_one_as_read_keeps_nobody_from_the_others(notify, clerk):
    first, second = notify(clerk), notify(clerk)
    Notification.objects.filter(pk=first.pk).update(subject="Now it lies behind the second")
    mine = Notification.objects.filter(person=clerk)

    def mark():
        try:
            readers.mark_read(mine)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other, transaction.atomic():
        mine.select_for_update().get(pk=first.pk)
        marking = other.submit(mark)
        with pytest.raises(TimeoutError):
            marking.result(0.5)
        assert mine.select_for_update(nowait=True).get(pk=second.pk) == second
    assert not mine.filter(read_at=None).exists()


def test_a_link_leads_there_after_the_login(client, notify, clerk):
    found = notify(clerk)
    path = reverse("approvals:open_notification", args=[found.pk])
    login = client.get(path).url
    response = client.post(login, {"username": "clerk", "password": "password"})
    assert response.url == path


def test_the_bell_counts_what_is_unread(client, notify, clerk, approver):
    home = reverse("home")
    client.force_login(clerk)
    assert "bell-count" not in client.get(home).content.decode()
    notify(clerk), notify(clerk), notify(approver)
    assert '<span class="bell-count">2<' in client.get(home).content.decode()
    for _unused in range(100):
        notify(clerk)
    assert '<span class="bell-count">99+<' in client.get(home).content.decode()


def test_the_bell_is_not_asked_for_by_who_is_not_logged_in(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert 'button bell"' not in client.get(reverse("login")).content.decode()


# Where they lead


def test_a_stale_link_says_who_decided_and_when(client, propose, workflow, approver, person):
    colleague = person("colleague", "Approver", first_name="Carl", last_name="Colleague")
    change_step(workflow.steps.get(position=1), add=[colleague])
    proposal = propose()
    vote(colleague, proposal, Action.REJECT, "No")
    [found] = Notification.objects.filter(person=approver)
    path = get(client, approver, "open_notification", found.pk).url
    page = client.get(path).content.decode()
    assert "Already rejected by Carl Colleague at" in page


def test_a_stale_link_after_a_recall_says_so(client, propose, clerk, approver):
    proposal = propose()
    proposals.recall(proposal.pk, by=clerk)
    item = WorkItem.objects.get()
    client.force_login(approver)
    page = client.get(reverse("approvals:decide", args=[item.pk])).content.decode()
    assert "Recalled by Clara Clerk" in page


@pytest.mark.parametrize("verb", [Verb.APPROVED, Verb.REJECTED, Verb.CONFLICT])
def test_originators_are_led_to_pages_that_they_may_see(client, propose, clerk, verb):
    proposal = propose()
    Notification.objects.all().delete()
    notifications.decided([proposal], verb)
    found = Notification.objects.get(person=clerk)
    response = get(client, clerk, "open_notification", found.pk)
    assert client.get(response.url).status_code == 200


# Django admin


@pytest.fixture
def staff(person):
    """A function that makes a person of a group who may enter Django admin."""
    return lambda group: person(f"staff_{group}", group, is_staff=True)


def send_again(client):
    chosen = list(Notification.objects.values_list("pk", flat=True))
    data = {"action": "send_again", "_selected_action": chosen}
    return client.post(reverse(ADMIN_LIST), data, follow=True)


def test_an_administrator_sends_again_what_was_given_up(client, notify, clerk, administrator):
    notify(clerk), notify(clerk)
    Notification.objects.filter(pk=notify(clerk).pk).update(mail_state=MailState.FAILED)
    client.force_login(administrator)
    assert "1 e-mail will be sent again" in send_again(client).content.decode()
    assert Notification.objects.filter(mail_state=MailState.WAITING).count() == 1


def test_an_auditor_reads_what_was_sent_and_changes_nothing(client, notify, clerk, staff):
    found = notify(clerk)
    Notification.objects.update(mail_state=MailState.FAILED, error="OSError: 550")
    client.force_login(staff("Auditor"))
    page = client.get(reverse(ADMIN_LIST)).content.decode()
    assert "OSError: 550" in page and "send_again" not in page
    send_again(client)
    found.refresh_from_db()
    assert found.mail_state == MailState.FAILED
    url = reverse("admin:approvals_notification_change", args=[found.pk])
    assert "The text" in client.get(url).content.decode()
    assert client.post(url, {"subject": "x"}).status_code == 403


def test_a_clerk_who_may_enter_django_admin_does_not_read_others_notifications(
    client, notify, approver, staff
):
    notify(approver)
    client.force_login(staff("Clerk"))
    assert client.get(reverse(ADMIN_LIST)).status_code == 403


def test_uncertain_emails_stand_apart(client, notify, clerk, administrator):
    old, new = notify(clerk, "Old"), notify(clerk, "Current")
    long_ago = timezone.now() - timedelta(hours=1)
    Notification.objects.update(mail_state=MailState.SENDING, next_attempt_at=timezone.now())
    Notification.objects.filter(pk=old.pk).update(next_attempt_at=long_ago)
    client.force_login(administrator)
    page = client.get(reverse(ADMIN_LIST)).content.decode()
    assert page.count("Uncertain: perhaps sent</td>") == 1 and page.count("Being sent</td>") == 1
    rows = client.get(reverse(ADMIN_LIST), {"mail": "uncertain"}).context["cl"].result_list
    assert list(rows) == [old] and new not in rows


def test_whoever_gets_the_right_later_sees_his_bell(client, notify, person):
    someone = person("someone")
    notify(someone)
    someone.groups.add(Group.objects.get(name="Clerk"))
    client.force_login(someone)
    assert "bell-count" in client.get(reverse("home")).content.decode()
