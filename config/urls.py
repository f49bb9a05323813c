"""All URLs. Every page needs a login unless it says otherwise (LoginRequiredMiddleware)."""

from django.contrib import admin
from django.contrib.auth.views import PasswordResetView
from django.urls import include, path

from .login import Logout, PasswordChange, PasswordResetForm
from .views import home

urlpatterns = [
    path("", home, name="home"),
    path("", include("customers.urls")),
    path("", include("approvals.urls")),
    path("accounts/logout/", Logout.as_view(), name="logout"),
    path("accounts/password_change/", PasswordChange.as_view(), name="password_change"),
    path(
        "accounts/password_reset/",
        PasswordResetView.as_view(form_class=PasswordResetForm),
        name="password_reset",
    ),
    path("accounts/", include("django.contrib.auth.urls")),
    path("admin/", admin.site.urls),
]
