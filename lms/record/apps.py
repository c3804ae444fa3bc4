from django.apps import AppConfig


class RecordConfig(AppConfig):
    name = "lms.record"
    label = "record"
    verbose_name = "Training record"
