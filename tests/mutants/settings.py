"""Settings for a mutant's tests: a database that was made before, where one is named."""

import os

from config.settings_test import *  # noqa: F403
from config.settings_test import DATABASES

if "MUTANT_DATABASE" in os.environ:
    DATABASES["default"]["TEST"] = {"NAME": os.environ["MUTANT_DATABASE"]}
