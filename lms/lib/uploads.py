"""No upload is larger than the largest list of people: the rest of it is read and thrown away, nothing is stored."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

MAX_BYTES = 20 * 2**20
_MARK = "lms.upload_too_large"


class LimitedUpload(FileUploadHandler):
    """Stands first among the handlers, and looks at each piece before the others get it."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.got = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.got += len(raw_data)
        if self.got > MAX_BYTES:
            if self.request is not None:
                self.request.META[_MARK] = True
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def too_large(request: HttpRequest) -> bool:
    """Whether a file of this request was thrown away for its size. Read ``request.FILES`` before."""
    return bool(request.META.get(_MARK))
