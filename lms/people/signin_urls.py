"""The pages of allauth that are open here, at allauth's own addresses and names; every other one is absent.

``User.email`` is the only address of a person. allauth's pages for more addresses would fill a second table, some of them on
a GET, and whatever stands there keeps signing in.
"""

from allauth.account import urls

OPEN = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",  # says that sign-up is closed
    "account_reauthenticate",
    "account_change_password",
    "account_set_password",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
}

urlpatterns = [pattern for pattern in urls.urlpatterns if pattern.name in OPEN]
