"""Upload a photo by tuspy, unmodified, going on after every failure; started by the tests as a process.

Arguments: the uploads' address, an access token, the file, the photo's id, and a file that keeps the upload's
address. Says each offset that it was told, and ends when all is sent.
"""

import sys
import time

from requests import RequestException
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed
from tusclient.storage.filestorage import FileStorage

CHUNK_BYTES = 150_000


def upload(address: str, token: str, file: str, photo_id: str, storage: str) -> None:
    """Send the file to its end."""
    told = {"photo_id": photo_id, "purpose": "before", "filetype": "image/jpeg"}
    client = TusClient(address, headers={"Authorization": f"Bearer {token}"})
    while True:
        try:
            uploader = client.uploader(  # pyright: ignore[reportUnknownMemberType]  tuspy types half of itself
                file,
                chunk_size=CHUNK_BYTES,
                metadata=told,
                store_url=True,
                url_storage=FileStorage(storage),
                upload_checksum=False,
            )
            if uploader.offset == uploader.get_file_size():
                return
            uploader.upload_chunk()
            print(uploader.offset, flush=True)  # noqa: T201  what the test reads
        except (TusCommunicationError, TusUploadFailed, RequestException) as error:
            status = getattr(error, "status_code", None)
            if status in {401, 404, 413, 415, 422}:
                raise
            time.sleep(0.05)


if __name__ == "__main__":
    upload(*sys.argv[1:])
